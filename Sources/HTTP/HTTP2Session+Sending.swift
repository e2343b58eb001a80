internal import CNGHTTP2

/// What the server says. Everything is queued; `nextOutput` makes bytes of it.
extension HTTP2Session {
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

  /// Says that `writeBody` has something again. Nothing happens where nghttp2 is not waiting for it.
  public func resumeBody(_ exchange: HTTPExchange) {
    guard exchange.isBodyDeferred, !exchange.isClosed else { return }
    exchange.isBodyDeferred = false
    nghttp2_session_resume_data(session, exchange.id)
  }

  /// Gives the peer back window for bytes of this request that were taken.
  public func credit(_ exchange: HTTPExchange, _ count: Int) {
    guard count > 0, !exchange.isClosed, !exchange.isRemoteClosed else { return }
    nghttp2_session_consume_stream(session, exchange.id, count)
  }

  /// Ends an exchange at once, in its middle.
  public func abort(_ exchange: HTTPExchange, _ reason: HTTPExchange.AbortReason) {
    guard !exchange.isClosed else { return }
    nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), exchange.id, reason.code.rawValue)
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
    isLeaving = true
    stopRequests(answeredBefore: .max)
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session), code.rawValue, nil,
      0)
  }

  /// GOAWAY(ENHANCE_YOUR_CALM) with the reason in its debug data.
  func calmDown(_ reason: StaticString) { giveUp(.enhanceYourCalm, reason) }

  /// GOAWAY with a code and, in its debug data, the reason: the connection is about to be closed.
  public func giveUp(_ code: HTTP2ErrorCode, _ reason: StaticString) {
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session), code.rawValue,
      reason.utf8Start, reason.utf8CodeUnitCount)
  }

  /// Asks whether the peer is there: whatever it sends then tells.
  public func ping() {
    nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
  }
}

/// nghttp2 asks for body bytes, of a response or a request.
let readBody:
  @convention(c) (
    OpaquePointer?, Int32, UnsafeMutablePointer<UInt8>?, Int, UnsafeMutablePointer<UInt32>?,
    UnsafeMutablePointer<nghttp2_data_source>?, UnsafeMutableRawPointer?
  ) -> Int = { session, id, buffer, length, flags, source, _ in
    guard let pointer = source?.pointee.ptr, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    return Unmanaged<HTTPExchange>.fromOpaque(pointer)._withUnsafeGuaranteedRef { exchange in
      guard let handler = exchange.handler else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
      let (count, state) = handler.writeBody(into: UnsafeMutableRawBufferPointer(start: buffer, count: length))
      switch state {
      case .more:
        return count
      case .later:
        exchange.isBodyDeferred = true
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
      case .end(let trailers):
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if let trailers {
          flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
          nghttp2_submit_trailer(session, id, trailers.pointer, trailers.count)
        }
        return count
      }
    }
  }
