/// Which messages of a call an error is about.
package enum MessageDirection: String, Sendable {
  /// Those that the server reads.
  case request
  /// Those that the client reads.
  case response

  fileprivate var reader: String { self == .request ? "server" : "client" }
}

extension RPCError {
  /// What breaks a limit is RESOURCE_EXHAUSTED; what breaks the framing is INTERNAL.
  package init(deframing failure: MessageDeframer.Failure, of direction: MessageDirection) {
    switch failure {
    case .tooLarge(let length, let limit):
      self.init(
        .resourceExhausted,
        "a \(direction.rawValue) message has \(length) bytes, the \(direction.reader) takes \(limit)")
    case .invalidFlag(let flag):
      self.init(.internal, "a message begins with \(flag), which is no compression flag")
    case .invalidBase64: self.init(.internal, "the \(direction.rawValue) is not base64")
    }
  }
}
