internal import Compression
internal import HTTP
internal import Primitives
import ProtoWire
import RPCCore
import Synchronization

/// What a call does about compression, beside its usual way.
/// https://github.com/grpc/grpc/blob/master/doc/compression.md
extension Call {
  // MARK: Requests

  /// Runs `body` with a request message as it was before the client compressed it or wrote it in another format.
  func withDecoded<R>(
    _ message: UnsafeRawBufferPointer, isEncoded: Bool, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    let framing = format.framing
    guard framing.isTranscoded else { return try withDecompressed(message, isCompressed: isEncoded, body) }
    var content = message
    var isCompressed = requestCompression != .identity
    if framing == .prefixedDocuments {
      // Its prefix was checked when it was taken for whole.
      isCompressed = message.first == 1
      content = UnsafeRawBufferPointer(rebasing: message.dropFirst(MessagePrefix.length))
    }
    return try withDecompressed(content, isCompressed: isCompressed) { plain in
      try format.message(from: plain).withUnsafeBytes(body)
    }
  }

  private func withDecompressed<R>(
    _ message: UnsafeRawBufferPointer, isCompressed: Bool, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    context?.call.isRequestCompressed.store(isCompressed, ordering: .relaxed)
    guard isCompressed else {
      observation?.received(size: message.count)
      return try body(message)
    }
    guard requestCompression != .identity else {
      throw RPCError(.internal, "a message is compressed, but grpc-encoding does not say how")
    }
    do {
      return try connection.owner.codec.withDecompressed(
        message, requestCompression, limit: limits.maximumRequestSize
      ) { plain in
        observation?.received(size: plain.count, compressedSize: message.count)
        return try body(plain)
      }
    } catch let error as CompressionError {
      throw RPCError(decompressing: error, requestCompression, of: .request)
    }
  }

  // MARK: Responses

  /// What the next message is compressed with, if anything.
  @inline(__always)
  var wantedCompression: CompressionAlgorithm? {
    guard let algorithm = context?.responseCompression ?? limits.responseCompression, algorithm != .identity
    else { return nil }
    return agreed(algorithm)
  }

  /// The first message that is to be compressed decides what the head says of it, if that is not sent yet.
  private func agreed(_ algorithm: CompressionAlgorithm) -> CompressionAlgorithm? {
    if responseCompression == nil, !machine.isHeadFixed, let exchange, format.accepts(algorithm, exchange.head) {
      responseCompression = algorithm
    }
    return responseCompression
  }

  /// Puts what the loop's writer holds into the output, compressed; false if that would not make it smaller.
  func enqueueCompressed(_ algorithm: CompressionAlgorithm) throws -> Bool {
    let owner = connection.owner
    return try owner.writer.withUnsafeBytes { message in
      guard let document = try format.document(of: message) else { return try enqueueCompressed(message, algorithm) }
      return try document.withUnsafeBytes { try enqueueCompressed($0, algorithm) }
    }
  }

  private func enqueueCompressed(_ message: UnsafeRawBufferPointer, _ algorithm: CompressionAlgorithm) throws -> Bool {
    try connection.owner.codec.withCompressed(message, algorithm) { compressed in
      guard compressed.count < message.count else { return false }
      try format.append(compressed, isCompressed: true, to: &outbound)
      observation?.sent(size: message.count, compressedSize: compressed.count)
      return true
    }
  }
}
