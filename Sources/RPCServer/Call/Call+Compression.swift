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

  /// Takes what `grpc-encoding` says, or refuses the call for it.
  func accept(_ encoding: RequestHead.Encoding) -> Bool {
    let name: String
    switch encoding {
    case .known(let algorithm):
      if configuration.acceptedCompression.contains(algorithm) {
        requestCompression = algorithm
        return true
      }
      name = algorithm.name
    case .unknown(let text): name = PeerText.excerpt(text)
    }
    let supported = connection.owner.core.acceptEncoding
    refuse(
      RPCError(.unimplemented, "grpc-encoding \(name) is not supported; these are: \(supported)"),
      extra: [("grpc-accept-encoding", supported)])
    return false
  }

  /// Runs `body` with a request message as it was before the client compressed it.
  func withDecompressed<R>(
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
      throw RPCError(decompressing: error, requestCompression)
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

  /// The first message that is to be compressed decides what `grpc-encoding` says, if the header section is not sent.
  private func agreed(_ algorithm: CompressionAlgorithm) -> CompressionAlgorithm? {
    if responseCompression == nil, !isHeadSubmitted, exchange?.head.accepts(algorithm) == true {
      responseCompression = algorithm
    }
    return responseCompression
  }

  /// Puts what the loop's writer holds into the output, compressed; false if that would not make it smaller.
  func enqueueCompressed(_ algorithm: CompressionAlgorithm) throws -> Bool {
    let owner = connection.owner
    return try owner.writer.withUnsafeBytes { message in
      try owner.codec.withCompressed(message, algorithm) { compressed in
        guard compressed.count < message.count else { return false }
        if let web, web.isText {
          outbound.append(Base64.encodePadded(MessagePrefix.bytes(flag: 1, length: compressed.count) + compressed))
        } else {
          outbound.append(MessagePrefix.bytes(flag: 1, length: compressed.count))
          outbound.append(compressed)
        }
        observation?.sent(size: message.count, compressedSize: compressed.count)
        return true
      }
    }
  }

  /// What the response's head says of compression: nothing, in a call that has nothing to do with it.
  var compressionFields: [(String, String)] {
    guard responseCompression != nil || requestCompression != .identity else { return [] }
    let accept = [("grpc-accept-encoding", connection.owner.core.acceptEncoding)]
    return responseCompression.map { [("grpc-encoding", $0.name)] + accept } ?? accept
  }
}

extension HeaderBlock {
  /// Whether the client says in `grpc-accept-encoding` that it can decompress this.
  fileprivate func accepts(_ algorithm: CompressionAlgorithm) -> Bool {
    var isAccepted = false
    forEach { name, value in
      guard name.equals("grpc-accept-encoding") else { return }
      for part in value.split(separator: UInt8(ascii: ",")) {
        let text = String(decoding: part, as: UTF8.self)
        if text.drop(while: { $0 == " " }).prefix(while: { $0 != " " }) == algorithm.name { isAccepted = true }
      }
    }
    return isAccepted
  }
}

extension RPCError {
  /// A bomb is RESOURCE_EXHAUSTED, what can't be decompressed is INTERNAL.
  fileprivate init(decompressing error: CompressionError, _ algorithm: CompressionAlgorithm) {
    switch error {
    case .damaged: self.init(.internal, "a request message is not what \(algorithm) writes")
    case .tooLarge(let limit):
      self.init(.resourceExhausted, "a request message has more than \(limit) bytes once decompressed")
    case .outOfMemory: self.init(.resourceExhausted, "there is no memory to decompress a request message")
    }
  }
}
