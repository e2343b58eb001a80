internal import HTTP
internal import Primitives
import RPCCore

/// Responses to clients that speak HTTP/1.1.
extension Call {
  /// Bytes of a request that are read although it is answered, so that its connection can be used again.
  private static let droppedLimit = 65_536

  /// As for HTTP/2. The length of a body that is whole is said, so that it need not be cut into chunks.
  func submit(to session: HTTP1Session) {
    let flush = machine.flush()
    guard let exchange, flush != .nothing else { return }
    if flush == .body { return session.resumeBody(exchange) }
    var (head, body) = responseStart()
    if body == .unknown, outcome != nil, format.isBodyPlain { body = .length(outbound.count) }
    session.respond(exchange, head, body: body, request: .discard(limit: Self.droppedLimit))
  }
}
