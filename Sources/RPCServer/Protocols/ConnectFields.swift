internal import HTTP
import RPCCore

/// What Connect says in the head of a request. https://connectrpc.com/docs/protocol
struct ConnectFields {
  /// Digits of a timeout in milliseconds.
  private static let longestTimeout = 10

  /// Of the body of a unary call, or of the messages of a stream.
  var encoding: String?
  var version: String?
  private var timeout: String?

  init(_ head: HeaderBlock, isStream: Bool) {
    version = head.text("connect-protocol-version")
    timeout = head.text("connect-timeout-ms")
    encoding = isStream ? head.text("connect-content-encoding") : head.text("content-encoding")
  }

  /// Reads what else the head says, and refuses what can't be done.
  func apply(to head: inout RequestHead, isStream: Bool, _ configuration: ConnectConfiguration, _ core: ServerCore) {
    if let timeout {
      head.timeout = Self.nanoseconds(timeout)
      if head.timeout == nil { refuse(&head, "connect-timeout-ms is malformed") }
    }
    if let encoding, encoding != "identity" {
      let algorithm = Array(encoding.utf8).withUnsafeBytes { CompressionAlgorithm(name: $0) }
      if let algorithm, core.configuration.acceptedCompression.contains(algorithm) {
        head.compression = algorithm
      } else {
        let supported = core.acceptEncoding
        head.refusal = .init(
          RPCError(
            .unimplemented, "the encoding \(PeerText.excerpt(encoding)) is not supported; these are: \(supported)"),
          fields: [(isStream ? "connect-accept-encoding" : "accept-encoding", supported)])
      }
    }
    if let version, version != "1" {
      refuse(&head, "connect-protocol-version is \(PeerText.excerpt(version)), the server knows 1")
    } else if version == nil, configuration.requiresVersion {
      refuse(&head, "connect-protocol-version is missing")
    }
  }

  private func refuse(_ head: inout RequestHead, _ message: String) {
    head.refusal = .init(RPCError(.invalidArgument, message))
  }

  private static func nanoseconds(_ text: String) -> UInt64? {
    guard (1...longestTimeout).contains(text.utf8.count),
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return UInt64(text).map { $0 * 1_000_000 }
  }

  /// Whether a list of encodings names this one, and not with `q=0`. RFC 9110, section 12.5.3.
  static func accepts(_ algorithm: CompressionAlgorithm, _ list: String?) -> Bool {
    guard let list else { return false }
    return list.split(separator: ",").contains { member in
      let parts = member.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      guard parts.first == algorithm.name else { return false }
      return !parts.dropFirst().contains {
        $0.hasPrefix("q=0") && $0.dropFirst(3).allSatisfy { $0 == "." || $0 == "0" }
      }
    }
  }
}
