import RPCClient
import RPCCore

/// What servers, and the owners of services, send to clients.
extension FuzzTarget {
  /// However the bytes come, each response ends once, and what is read of it obeys the rules. What comes behind a fault
  /// of the connection depends on the pieces: nghttp2 reports it with the next one.
  func checkResponses(_ bytes: [UInt8], seed: Int) throws(Failure) {
    for cuts in [[], [1], [1 + seed % 16, 1 + seed / 16]] {
      let transcript = ClientTranscript(bytes, cuts: cuts)
      for response in transcript.responses where !response.complaints.isEmpty {
        throw Failure(description: "cut by \(cuts) a rule is broken: \(response)")
      }
    }
  }

  /// Trailers of gRPC-Web are refused, or are a status and metadata that can be sent on.
  func checkTrailers(_ bytes: [UInt8]) throws(Failure) {
    let fields: ResponseFields? = bytes.withUnsafeBytes { try? ResponseFields(webTrailers: $0, limit: 1024) }
    guard let fields else { return }
    var copy = Metadata()
    for entry in fields.metadata {
      switch entry.value {
      case .text(let text): _ = copy.add(entry.name, text)
      case .bytes(let bytes): _ = copy.add(entry.name, bytes: bytes)
      }
    }
    if let error = fields.status(), error.code == .ok { throw Failure(description: "an error is OK") }
  }

  /// A service config is refused, or says what is within the limits.
  func checkConfig(_ bytes: [UInt8]) throws(Failure) {
    let config: ServiceConfig
    do {
      config = try ServiceConfig(json: String(decoding: bytes, as: UTF8.self))
    } catch {
      guard error.description.hasPrefix("the service config") else {
        throw Failure(description: "an error without its subject: \(error)")
      }
      return
    }
    for (name, method) in config.methods {
      if let timeout = method.timeout, timeout <= .zero { throw Failure(description: "\(name): \(timeout)") }
      guard let retry = method.retry else { continue }
      guard retry.maximumAttempts >= 2, retry.initialBackoff > .zero, retry.maximumBackoff > .zero, !retry.codes.isEmpty
      else { throw Failure(description: "\(name): \(retry)") }
    }
    if let tokens = config.retryThrottling?.maximumTokens, !(1...1000).contains(tokens) {
      throw Failure(description: "\(tokens) tokens")
    }
  }
}
