package import RPCCore

/// Compresses and decompresses whole messages. Only one thread may use it. Keep it: it makes the context of each
/// algorithm for the first message, and reuses it.
package final class MessageCodec {
  private var output = OutputMemory()
  private var zlibDecompressor: ZlibDecompressor?
  private var zstdDecompressor: ZstdDecompressor?
  private var deflateCompressor: ZlibCompressor?
  private var gzipCompressor: ZlibCompressor?
  private var zstdCompressor: ZstdCompressor?

  package init() {}

  /// Decompresses a message and calls `body` with the result, which is valid only during that call.
  /// - Parameter limit: the largest result, in bytes. Decompression stops one byte beyond it and never takes more
  ///   memory, whatever size the message declares.
  /// - Throws: `CompressionError`, and what `body` throws.
  package func withDecompressed<R>(
    _ message: UnsafeRawBufferPointer, _ algorithm: CompressionAlgorithm, limit: Int,
    _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    defer { output.trim() }
    output.start(limit: limit)
    switch algorithm.kind {
    case .identity: return try body(message)
    case .deflate: try make(&zlibDecompressor, ZlibDecompressor.init).decompress(message, .zlib, into: &output)
    case .gzip: try make(&zlibDecompressor, ZlibDecompressor.init).decompress(message, .gzip, into: &output)
    case .zstd: try make(&zstdDecompressor, ZstdDecompressor.init).decompress(message, into: &output)
    }
    return try body(output.bytes)
  }

  /// Compresses a message and calls `body` with the result, which is valid only during that call.
  /// - Throws: `CompressionError`, and what `body` throws.
  package func withCompressed<R>(
    _ message: UnsafeRawBufferPointer, _ algorithm: CompressionAlgorithm,
    _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    defer { output.trim() }
    switch algorithm.kind {
    case .identity: return try body(message)
    case .deflate:
      try make(&deflateCompressor) { () throws(CompressionError) in try ZlibCompressor(.zlib) }
        .compress(message, into: &output)
    case .gzip:
      try make(&gzipCompressor) { () throws(CompressionError) in try ZlibCompressor(.gzip) }
        .compress(message, into: &output)
    case .zstd: try make(&zstdCompressor, ZstdCompressor.init).compress(message, into: &output)
    }
    return try body(output.bytes)
  }

  /// The codec that `place` keeps; makes it on first use.
  private func make<Codec>(
    _ place: inout Codec?, _ create: () throws(CompressionError) -> Codec
  ) throws(CompressionError) -> Codec {
    if let codec = place { return codec }
    let made = try create()
    place = made
    return made
  }
}
