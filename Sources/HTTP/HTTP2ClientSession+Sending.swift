internal import CNGHTTP2

/// What a client sends. Everything is queued; `nextOutput` makes bytes of it.
extension HTTP2ClientSession {
  /// Sends a request.
  ///
  /// The handler gives the request's body and takes the response's. It is told `.head` when `exchange.head` is the
  /// final response head; informational ones (1xx, RFC 9110, section 15.2) are skipped. At `.end`, `exchange.trailers`
  /// has the fields behind the body, if there are any. `.end` before the request is whole does not end the request:
  /// `abort` it.
  ///
  /// A request beyond `maximumExchanges` waits in the session until another one is over. One that the server has not
  /// processed, and won't, is closed with `refusedStream`: it can be sent again on another connection.
  /// - Parameter head: the pseudo-header fields `:method`, `:scheme`, `:authority`, `:path` first.
  /// - Throws: when the stream identifiers are used up, or there is no memory.
  @discardableResult
  public func request(
    _ head: HeaderFields, body: HTTPExchange.Body, handler: any HTTPExchangeHandler
  ) throws(HTTP2Error) -> HTTPExchange {
    let exchange = pool.take(id: 0)
    let pointer = Unmanaged.passUnretained(exchange).toOpaque()
    var provider = nghttp2_data_provider()
    provider.source.ptr = pointer
    provider.read_callback = readBody
    let id = withUnsafePointer(to: &provider) {
      nghttp2_submit_request(session, nil, head.pointer, head.count, body == .none ? nil : $0, pointer)
    }
    guard id > 0 else { throw HTTP2Error(code: Int(id)) }
    exchange.id = id
    exchange.handler = handler
    add(exchange)
    return exchange
  }

  /// How many exchanges the server allows at a time (SETTINGS_MAX_CONCURRENT_STREAMS).
  public var maximumExchanges: Int {
    Int(nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
  }

  /// Whether further requests can be sent: neither end has sent GOAWAY, and stream identifiers are left.
  public var takesRequests: Bool { !isShutDown && nghttp2_session_check_request_allowed(session) != 0 }

  /// GOAWAY: no further requests. Exchanges that are open may end.
  public func shutDown() {
    isShutDown = true
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, UInt32(NGHTTP2_NO_ERROR.rawValue), nil, 0)
  }
}
