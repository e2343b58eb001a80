internal import CZlib

/// The two formats that zlib writes, as values of its `windowBits`: the base-2 logarithm of the window, plus 16 for
/// gzip.
enum ZlibFormat: Int32 {
  /// RFC 1950, which HTTP and gRPC call deflate.
  case zlib = 15
  /// RFC 1952.
  case gzip = 31
}

/// Decompresses the gzip and zlib formats, one message after the other.
final class ZlibDecompressor {
  private let stream: UnsafeMutablePointer<z_stream>

  init() throws(CompressionError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let result = inflateInit2_(stream, ZlibFormat.zlib.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else { throw .outOfMemory }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func decompress(
    _ input: UnsafeRawBufferPointer, _ format: ZlibFormat, into output: inout OutputMemory
  ) throws(CompressionError) {
    guard let length = UInt32(exactly: input.count) else { throw .tooLarge(limit: Int(UInt32.max)) }
    inflateReset2(stream, format.rawValue)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = length
    while true {
      let room = try output.room()
      let offered = UInt32(clamping: room.count)
      stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = offered
      let result = inflate(stream, Z_NO_FLUSH)
      output.wrote(Int(offered - stream.pointee.avail_out))
      switch result {
      case Z_OK: continue
      case Z_STREAM_END where stream.pointee.avail_in == 0: return try output.checkLimit()
      // A gzip file consists of one or more members (RFC 1952, section 2.2).
      case Z_STREAM_END where format == .gzip: inflateReset(stream)
      case Z_MEM_ERROR: throw .outOfMemory
      // Includes Z_BUF_ERROR: there is room for output, so the input is truncated.
      default: throw .damaged
      }
    }
  }
}

/// Compresses to the gzip or the zlib format, one message after the other.
final class ZlibCompressor {
  private let stream: UnsafeMutablePointer<z_stream>

  init(_ format: ZlibFormat) throws(CompressionError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let memoryLevel: Int32 = 8
    let result = deflateInit2_(
      stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, format.rawValue, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else { throw .outOfMemory }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  func compress(_ input: UnsafeRawBufferPointer, into output: inout OutputMemory) throws(CompressionError) {
    deflateReset(stream)
    let bound = Int(deflateBound(stream, UInt(input.count)))
    guard let length = UInt32(exactly: input.count), bound < Int(UInt32.max) else {
      throw .tooLarge(limit: Int(UInt32.max))
    }
    output.start(limit: bound)
    let room = try output.room(for: bound)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = length
    stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(clamping: room.count)
    let offered = stream.pointee.avail_out
    guard deflate(stream, Z_FINISH) == Z_STREAM_END else { throw .outOfMemory }
    output.wrote(Int(offered - stream.pointee.avail_out))
  }
}
