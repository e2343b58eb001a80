package import RPCCore

extension RPCError {
  /// A decompression bomb is RESOURCE_EXHAUSTED; data that can't be decompressed is INTERNAL.
  package init(decompressing error: CompressionError, _ algorithm: CompressionAlgorithm, of direction: MessageDirection)
  {
    let message = "a \(direction.rawValue) message"
    switch error {
    case .damaged: self.init(.internal, "\(message) is not what \(algorithm) writes")
    case .tooLarge(let limit):
      self.init(.resourceExhausted, "\(message) has more than \(limit) bytes once decompressed")
    case .outOfMemory: self.init(.resourceExhausted, "there is no memory to decompress \(message)")
    }
  }
}
