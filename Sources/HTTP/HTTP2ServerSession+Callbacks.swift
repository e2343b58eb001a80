internal import CNGHTTP2

extension SessionCallbacks {
  static let server = SessionCallbacks(takesAnyAuthority: false)
  /// With `RequestFieldCheck` in the place of nghttp2's own check.
  static let serverOfAnyAuthority = SessionCallbacks(takesAnyAuthority: true)

  private convenience init(takesAnyAuthority: Bool) {
    self.init { callbacks, options in
      nghttp2_session_callbacks_set_on_begin_headers_callback(
        callbacks, takesAnyAuthority ? onCheckedBeginHeaders : onBeginHeaders)
      if takesAnyAuthority { nghttp2_session_callbacks_set_on_header_callback(callbacks, onCheckedHeader) }
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onData)
      nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, takesAnyAuthority ? onCheckedFrameReceived : onFrameReceived)
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClose)
      // AbuseGuard's budgets, which honest work refills, stand before nghttp2's fixed ones.
      nghttp2_option_set_stream_reset_rate_limit(options, 10_000, 1000)
      if takesAnyAuthority { nghttp2_option_set_no_http_messaging(options, 1) }
    }
  }
}

@inline(__always)
private func with(_ userData: NGHTTP2UserData, _ body: (HTTP2ServerSession) -> Void) -> Int32 {
  withSession(userData, as: HTTP2ServerSession.self, body)
}

private let onBeginHeaders: @convention(c) (NGHTTP2Session, NGHTTP2Frame, NGHTTP2UserData) -> Int32 = {
  _, frame, userData in
  guard let frame else { return 0 }
  let id = cnghttp2_stream_id(frame)
  return with(userData) { owner in
    owner.progress.headersBegan(id, now: owner.now)
    owner.fields.begin()
    if cnghttp2_is_request(frame) != 0 { return owner.open(id) }
    withExchange(owner, stream: id) { $0.isReceivingTrailers = true }
  }
}

private let onData:
  @convention(c) (NGHTTP2Session, UInt8, Int32, UnsafePointer<UInt8>?, Int, NGHTTP2UserData) -> Int32 = {
    _, _, id, bytes, count, userData in
    with(userData) { owner in
      owner.uncredited += count
      withExchange(owner, stream: id) { exchange in
        guard exchange.answeredAt == nil else { return owner.dropped(count, of: exchange) }
        exchange.handler?.receiveBody(UnsafeRawBufferPointer(start: bytes, count: count))
        owner.note(exchange, .data)
      }
    }
  }

private let onFrameReceived: @convention(c) (NGHTTP2Session, NGHTTP2Frame, NGHTTP2UserData) -> Int32 = {
  _, frame, userData in
  guard let frame else { return 0 }
  let type = UInt32(cnghttp2_type(frame))
  let flags = UInt32(cnghttp2_flags(frame))
  return with(userData) { owner in
    switch type {
    case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
      if type == NGHTTP2_HEADERS.rawValue { owner.progress.headersStream = 0 }
      withExchange(owner, stream: cnghttp2_stream_id(frame)) { exchange in
        if type == NGHTTP2_HEADERS.rawValue {
          let block = owner.fields.finish()
          if exchange.isReceivingTrailers {
            exchange.trailers = block
          } else {
            exchange.head = block
            owner.note(exchange, .head)
          }
        }
        if flags & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
          exchange.isRemoteClosed = true
          if exchange.answeredAt == nil { owner.note(exchange, .end) }
        }
      }
    case NGHTTP2_PING.rawValue:
      if flags & NGHTTP2_FLAG_ACK.rawValue != 0 { owner.isPingAnswered = true } else { owner.pingReceived() }
    case NGHTTP2_SETTINGS.rawValue: owner.progress.hasSettings = true
    default: break
    }
  }
}

private let onFrameSent: @convention(c) (NGHTTP2Session, NGHTTP2Frame, NGHTTP2UserData) -> Int32 = {
  session, frame, userData in
  guard let frame else { return 0 }
  let type = UInt32(cnghttp2_type(frame))
  return with(userData) { owner in
    switch type {
    case NGHTTP2_DATA.rawValue:
      owner.abuse.dataSent()
      owner.hasAnswered = true
    case NGHTTP2_HEADERS.rawValue: owner.hasAnswered = true
    case NGHTTP2_RST_STREAM.rawValue:
      if cnghttp2_is_fault(frame) != 0 { owner.abuse.provokedReset(now: owner.now) }
      if owner.frames.resetSent(cnghttp2_stream_id(frame)) { owner.abuse.endedEarly() }
      return
    case NGHTTP2_GOAWAY.rawValue:
      if cnghttp2_refuses_streams(frame) != 0 { owner.frames.goAwaySent() }
      return owner.goAwayWasSent()
    default: return
    }
    guard UInt32(cnghttp2_flags(frame)) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 else { return }
    withExchange(owner, stream: cnghttp2_stream_id(frame)) { exchange in
      if !exchange.isRemoteClosed { owner.answeredEarly(exchange) }
    }
  }
}

private let onStreamClose: @convention(c) (NGHTTP2Session, Int32, UInt32, NGHTTP2UserData) -> Int32 = {
  session, id, code, userData in
  with(userData) { owner in
    withExchange(owner, stream: id) { exchange in
      owner.close(exchange, code: code)
      nghttp2_session_set_stream_user_data(session, id, nil)
    }
    owner.latest = (0, nil)
  }
}

// MARK: Sessions that take any `:authority`. Malformed fields end their stream, as nghttp2 would have it.

private let onCheckedBeginHeaders: @convention(c) (NGHTTP2Session, NGHTTP2Frame, NGHTTP2UserData) -> Int32 = {
  session, frame, userData in
  guard let frame else { return 0 }
  _ = with(userData) { $0.fieldCheck.begin(isTrailers: cnghttp2_is_request(frame) == 0) }
  return onBeginHeaders(session, frame, userData)
}

private let onCheckedHeader:
  @convention(c) (
    NGHTTP2Session, NGHTTP2Frame, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int, UInt8, NGHTTP2UserData
  ) -> Int32 = { session, frame, name, nameLength, value, valueLength, flags, userData in
    var isWellFormed = false
    let result = with(userData) { owner in
      isWellFormed = owner.fieldCheck.take(
        name: UnsafeRawBufferPointer(start: name, count: nameLength),
        value: UnsafeRawBufferPointer(start: value, count: valueLength))
    }
    guard result == 0, let frame else { return result }
    if isWellFormed { return onHeader(session, frame, name, nameLength, value, valueLength, flags, userData) }
    refuseAsMalformed(session, frame)
    // Nothing more is heard of this section.
    return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
  }

private let onCheckedFrameReceived: @convention(c) (NGHTTP2Session, NGHTTP2Frame, NGHTTP2UserData) -> Int32 = {
  session, frame, userData in
  guard let frame else { return 0 }
  var isComplete = true
  if UInt32(cnghttp2_type(frame)) == NGHTTP2_HEADERS.rawValue {
    let result = with(userData) { isComplete = $0.fieldCheck.isComplete }
    guard result == 0 else { return result }
  }
  if isComplete { return onFrameReceived(session, frame, userData) }
  refuseAsMalformed(session, frame)
  return 0
}

private func refuseAsMalformed(_ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>) {
  nghttp2_submit_rst_stream(
    session, UInt8(NGHTTP2_FLAG_NONE.rawValue), cnghttp2_stream_id(frame), UInt32(NGHTTP2_PROTOCOL_ERROR.rawValue))
}
