internal import CZstd

/// Decompresses zstd frames, one message after the other.
final class ZstdDecompressor {
  /// The base-2 logarithm of the largest window. Each frame declares its window; RFC 8878, section 3.1.1.1.2: decoders
  /// should support 8 MiB, and may refuse more.
  private static let windowLog: Int32 = 23

  private let context: OpaquePointer

  init() throws(CompressionError) {
    guard let context = ZSTD_createDCtx() else { throw .outOfMemory }
    self.context = context
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
  }

  deinit { ZSTD_freeDCtx(context) }

  func decompress(_ input: UnsafeRawBufferPointer, into output: inout OutputMemory) throws(CompressionError) {
    guard !input.isEmpty else { throw .damaged }
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
    var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    while true {
      let room = try output.room()
      var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
      let taken = source.pos
      let result = ZSTD_decompressStream(context, &target, &source)
      guard ZSTD_isError(result) == 0 else { throw Self.error(result) }
      output.wrote(target.pos)
      if source.pos == source.size {
        // Zero: the frame is completely decoded and flushed.
        if result == 0 { return try output.checkLimit() }
        if target.pos == 0, taken == source.pos { throw .damaged }
      }
    }
  }

  private static func error(_ result: Int) -> CompressionError {
    switch ZSTD_getErrorCode(result) {
    case ZSTD_error_frameParameter_windowTooLarge: .tooLarge(limit: 1 << windowLog)
    case ZSTD_error_memory_allocation: .outOfMemory
    default: .damaged
    }
  }
}

/// Compresses to zstd frames, one message after the other.
final class ZstdCompressor {
  private let context: OpaquePointer

  init() throws(CompressionError) {
    guard let context = ZSTD_createCCtx() else { throw .outOfMemory }
    self.context = context
  }

  deinit { ZSTD_freeCCtx(context) }

  func compress(_ input: UnsafeRawBufferPointer, into output: inout OutputMemory) throws(CompressionError) {
    let bound = ZSTD_compressBound(input.count)
    output.start(limit: bound)
    let room = try output.room(for: bound)
    let count = ZSTD_compress2(context, room.baseAddress, room.count, input.baseAddress, input.count)
    guard ZSTD_isError(count) == 0 else { throw .outOfMemory }
    output.wrote(count)
  }
}
