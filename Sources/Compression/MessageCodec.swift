package import RPCCore

/// Compresses and decompresses whole messages. Belongs to one thread, and is meant to be kept: what each algorithm
/// needs is made for its first message and used again.
package final class MessageCodec {
  private var output = OutputMemory()
  private var zlibDecompressor: ZlibDecompressor?
  private var zstdDecompressor: ZstdDecompressor?
  private var deflateCompressor: ZlibCompressor?
  private var gzipCompressor: ZlibCompressor?
  private var zstdCompressor: ZstdCompressor?

  package init() {}

  /// Runs `body` with what a message holds. The bytes must not leave it.
  /// - Parameter limit: the most that may be in it. Decompressing stops one byte later, and no more memory than that is
  ///   taken, whatever the message says of itself.
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

  /// Runs `body` with a message compressed. The bytes must not leave it.
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

  /// What is kept at a place, made for the first use.
  private func make<Codec>(
    _ place: inout Codec?, _ create: () throws(CompressionError) -> Codec
  ) throws(CompressionError) -> Codec {
    if let codec = place { return codec }
    let made = try create()
    place = made
    return made
  }
}
