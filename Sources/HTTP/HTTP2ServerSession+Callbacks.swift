internal import CNGHTTP2

extension SessionCallbacks {
  static let server = SessionCallbacks { callbacks, options in
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeaders)
    nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onData)
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrameReceived)
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClose)
    // AbuseGuard's budgets, which honest work refills, stand before nghttp2's fixed ones.
    nghttp2_option_set_stream_reset_rate_limit(options, 10_000, 1000)
    // `RequestFieldCheck` stands in.
    nghttp2_option_set_no_http_messaging(options, 1)
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
    owner.fieldCheck.begin(isTrailers: cnghttp2_is_request(frame) == 0)
    if cnghttp2_is_request(frame) != 0 { return owner.open(id) }
    withExchange(owner, stream: id) { $0.isReceivingTrailers = true }
  }
}

private let onHeader:
  @convention(c) (
    NGHTTP2Session, NGHTTP2Frame, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int, UInt8, NGHTTP2UserData
  ) -> Int32 = { _, frame, name, nameLength, value, valueLength, _, userData in
    let name = UnsafeRawBufferPointer(start: name, count: nameLength)
    let value = UnsafeRawBufferPointer(start: value, count: valueLength)
    var isWellFormed = true
    let result = with(userData) { owner in
      isWellFormed = owner.fieldCheck.take(name: name, value: value)
      if isWellFormed {
        owner.fields.append(name: name, value: value, limits: owner.headerLimits)
      } else if let frame {
        owner.refuseMalformed(cnghttp2_stream_id(frame))
      }
    }
    // Nothing more is heard of the section then.
    return isWellFormed ? result : Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
  }

private let onData:
  @convention(c) (NGHTTP2Session, UInt8, Int32, UnsafePointer<UInt8>?, Int, NGHTTP2UserData) -> Int32 = {
    _, _, id, bytes, count, userData in
    with(userData) { owner in
      owner.uncredited += count
      withExchange(owner, stream: id) { exchange in
        guard !exchange.isRequestIgnored else { return owner.dropped(count, of: exchange) }
        guard exchange.takesBody(count) else { return owner.refuseMalformed(id) }
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
      let isEnd = flags & NGHTTP2_FLAG_END_STREAM.rawValue != 0
      let id = cnghttp2_stream_id(frame)
      if type == NGHTTP2_HEADERS.rawValue { owner.progress.headersStream = 0 }
      withExchange(owner, stream: id) { exchange in
        if type == NGHTTP2_HEADERS.rawValue, !owner.takeSection(for: exchange, isEnd: isEnd) {
          return owner.refuseMalformed(id)
        }
        guard isEnd else { return }
        // RFC 9113, section 8.1.1.
        guard exchange.isBodyWhole else { return owner.refuseMalformed(id) }
        exchange.isRemoteClosed = true
        if !exchange.isRequestIgnored { owner.note(exchange, .end) }
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

extension HTTP2ServerSession {
  /// A header section is whole: the head, or trailers, which end the stream (RFC 9113, section 8.1).
  /// - Returns: false if the request is malformed.
  @inline(__always)
  fileprivate func takeSection(for exchange: HTTPExchange, isEnd: Bool) -> Bool {
    guard fieldCheck.isComplete else { return false }
    let block = fields.finish()
    guard !exchange.isReceivingTrailers else {
      exchange.trailers = block
      return isEnd
    }
    exchange.head = block
    exchange.expectBody(fieldCheck.contentLength)
    note(exchange, .head)
    return true
  }

  /// RST_STREAM(PROTOCOL_ERROR), and nothing more of the request is looked at. RFC 9113, section 8.1.1.
  fileprivate func refuseMalformed(_ stream: Int32) {
    withExchange(self, stream: stream) { $0.isRequestIgnored = true }
    nghttp2_submit_rst_stream(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, UInt32(NGHTTP2_PROTOCOL_ERROR.rawValue))
  }
}
