internal import CNGHTTP2

/// What a server sends. Everything is queued; `nextOutput` makes bytes of it.
extension HTTP2ServerSession {
  /// Queues a response. Its body comes from the handler's `writeBody`; responses to HEAD, and those of status 204 and
  /// 304, have none, whatever is said here (RFC 9110, section 6.4.1).
  /// - Parameter request: what becomes of a request that is not whole by then. HTTP/2 ends that stream by
  ///   RST_STREAM(NO_ERROR) if the client does not end it soon, which costs the connection nothing (RFC 9113, section
  ///   8.1).
  public func respond(
    _ exchange: HTTPExchange, _ head: HeaderFields, body: HTTPExchange.Body, request: HTTPExchange.Remainder = .abandon
  ) {
    guard !exchange.isClosed else { return }
    guard body != .none, head.allowsBody, !exchange.head.isHEAD else {
      nghttp2_submit_response(session, exchange.id, head.pointer, head.count, nil)
      return
    }
    var provider = nghttp2_data_provider()
    provider.source.ptr = Unmanaged.passUnretained(exchange).toOpaque()
    provider.read_callback = readBody
    nghttp2_submit_response(session, exchange.id, head.pointer, head.count, &provider)
  }

  /// First phase of closing: GOAWAY(2^31-1), and behind it a PING. Calls that are on their way when the peer reads it
  /// are still served; the PING's answer tells when no more can come. RFC 9113, section 6.8.
  public func announceShutdown() {
    isPingAnswered = false
    isPingDue = true
    nghttp2_submit_shutdown_notice(session)
  }

  /// nghttp2 would send the PING first if it had both.
  func goAwayWasSent() {
    guard isPingDue else { return }
    isPingDue = false
    nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
  }

  /// Second phase: GOAWAY with the last stream that was taken. Later ones are ignored.
  public func refuseNewStreams(_ code: HTTP2ErrorCode = .noError) {
    isRefusing = true
    stopRequests(answeredBefore: .max)
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session), code.rawValue, nil,
      0)
  }
}
