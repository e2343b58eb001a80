internal import HTTP

/// Which HTTP a connection's client speaks, and the session for it.
enum ConnectionSession {
  /// The client has not shown it yet.
  /// - Parameter preface: how many bytes of HTTP/2's preface have come.
  case undetermined(preface: Int)
  case http2(HTTP2ServerSession)
  case http1(HTTP1Session)
  /// The connection ends: no call is left, and what still arrives is dropped.
  case ended

  /// The open exchanges.
  var exchanges: [HTTPExchange] {
    switch self {
    case .http2(let session): session.exchanges
    case .http1(let session): session.exchange.map { [$0] } ?? []
    case .undetermined, .ended: []
    }
  }

  /// A message of a request is whole.
  func messageArrived() {
    switch self {
    case .http2(let session): session.messageArrived()
    case .http1(let session): session.messageArrived()
    case .undetermined, .ended: break
    }
  }

  /// A handler has taken `count` bytes of its request's body: the client may send as many more.
  func credit(_ exchange: HTTPExchange, _ count: Int) {
    switch self {
    case .http2(let session): session.credit(exchange, count)
    case .http1(let session): session.credit(exchange, count)
    case .undetermined, .ended: break
    }
  }

  /// Ends an exchange in its middle.
  func abort(_ exchange: HTTPExchange, _ reason: HTTPExchange.AbortReason) {
    switch self {
    case .http2(let session): session.abort(exchange, reason)
    case .http1(let session): session.abort(exchange, reason)
    case .undetermined, .ended: break
    }
  }

  /// Ends all exchanges; their handlers are told.
  func end() {
    switch self {
    case .http2(let session): session.end()
    case .http1(let session): session.end()
    case .undetermined, .ended: break
    }
  }
}
