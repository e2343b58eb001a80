internal import CNGHTTP2

/// nghttp2's callbacks, one set for all sessions of a kind. They write what came where it belongs and note the stream;
/// nothing else.
// @unchecked Sendable: made once, and only read by nghttp2 afterwards.
final class Callbacks: @unchecked Sendable {
  static let usual = Callbacks(takesAnyAuthority: false)
  /// With `RequestFieldCheck` in the place of nghttp2's own check.
  static let anyAuthority = Callbacks(takesAnyAuthority: true)

  let pointer: OpaquePointer?
  let options: OpaquePointer?

  private init(takesAnyAuthority: Bool) {
    var callbacks: OpaquePointer?
    nghttp2_session_callbacks_new(&callbacks)
    nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, takesAnyAuthority ? onCheckedBeginHeaders : onBeginHeaders)
    nghttp2_session_callbacks_set_on_header_callback(callbacks, takesAnyAuthority ? onCheckedHeader : onHeader)
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onData)
    nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, takesAnyAuthority ? onCheckedFrameReceived : onFrameReceived)
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClose)
    pointer = callbacks
    var options: OpaquePointer?
    nghttp2_option_new(&options)
    // Credit follows consumption, and closed streams are not remembered for a priority tree that is not kept.
    nghttp2_option_set_no_auto_window_update(options, 1)
    nghttp2_option_set_no_closed_streams(options, 1)
    // AbuseGuard's budgets, which honest work refills, stand before nghttp2's fixed ones.
    nghttp2_option_set_stream_reset_rate_limit(options, 10_000, 1000)
    if takesAnyAuthority { nghttp2_option_set_no_http_messaging(options, 1) }
    self.options = options
  }
}

private typealias Session = OpaquePointer?
private typealias Frame = UnsafePointer<nghttp2_frame>?
private typealias UserData = UnsafeMutableRawPointer?

/// The Swift session behind nghttp2's user data, without a retain.
@inline(__always)
private func with(_ userData: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Void) -> Int32 {
  guard let userData else { return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
  Unmanaged<HTTP2Session>.fromOpaque(userData)._withUnsafeGuaranteedRef(body)
  return 0
}

/// The exchange of a stream id; nothing happens for one that is not ours. nghttp2 tells of one frame in several
/// callbacks, a header field each, so the exchange that was asked for last is remembered.
@inline(__always)
private func with(_ owner: HTTP2Session, stream id: Int32, _ body: (HTTPExchange) -> Void) {
  if owner.latest.id != id {
    owner.latest = (id, nghttp2_session_get_stream_user_data(owner.session, id).map { .fromOpaque($0) })
  }
  owner.latest.exchange?._withUnsafeGuaranteedRef(body)
}

private let onBeginHeaders: @convention(c) (Session, Frame, UserData) -> Int32 = { _, frame, userData in
  guard let frame else { return 0 }
  let id = cnghttp2_stream_id(frame)
  return with(userData) { owner in
    owner.progress.headersBegan(id, now: owner.now)
    owner.fields.begin()
    if cnghttp2_is_request(frame) != 0 { return owner.open(id) }
    with(owner, stream: id) { $0.isReceivingTrailers = true }
  }
}

private let onHeader:
  @convention(c) (
    Session, Frame, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int, UInt8, UserData
  ) -> Int32 = { _, _, name, nameLength, value, valueLength, _, userData in
    with(userData) { owner in
      owner.fields.append(
        name: UnsafeRawBufferPointer(start: name, count: nameLength),
        value: UnsafeRawBufferPointer(start: value, count: valueLength), limits: owner.configuration.headerLimits)
    }
  }

private let onData: @convention(c) (Session, UInt8, Int32, UnsafePointer<UInt8>?, Int, UserData) -> Int32 = {
  _, _, id, bytes, count, userData in
  with(userData) { owner in
    owner.uncredited += count
    with(owner, stream: id) { exchange in
      guard exchange.answeredAt == nil else { return owner.dropped(count, of: exchange) }
      exchange.handler?.receiveBody(UnsafeRawBufferPointer(start: bytes, count: count))
      owner.note(exchange, .data)
    }
  }
}

private let onFrameReceived: @convention(c) (Session, Frame, UserData) -> Int32 = { _, frame, userData in
  guard let frame else { return 0 }
  let type = UInt32(cnghttp2_type(frame))
  let flags = UInt32(cnghttp2_flags(frame))
  return with(userData) { owner in
    switch type {
    case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
      if type == NGHTTP2_HEADERS.rawValue { owner.progress.headersStream = 0 }
      with(owner, stream: cnghttp2_stream_id(frame)) { exchange in
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

private let onFrameSent: @convention(c) (Session, Frame, UserData) -> Int32 = { session, frame, userData in
  guard let frame else { return 0 }
  let type = UInt32(cnghttp2_type(frame))
  return with(userData) { owner in
    switch type {
    case NGHTTP2_DATA.rawValue:
      owner.abuse.dataSent()
      owner.hasSpoken = true
    case NGHTTP2_HEADERS.rawValue: owner.hasSpoken = true
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
    with(owner, stream: cnghttp2_stream_id(frame)) { exchange in
      if !exchange.isRemoteClosed { owner.answeredEarly(exchange) }
    }
  }
}

private let onStreamClose: @convention(c) (Session, Int32, UInt32, UserData) -> Int32 = { session, id, code, userData in
  with(userData) { owner in
    with(owner, stream: id) { exchange in
      owner.close(exchange, code: code)
      nghttp2_session_set_stream_user_data(session, id, nil)
    }
    owner.latest = (0, nil)
  }
}

// MARK: Sessions that take any `:authority`. Malformed fields end their stream, as nghttp2 would have it.

private let onCheckedBeginHeaders: @convention(c) (Session, Frame, UserData) -> Int32 = { session, frame, userData in
  guard let frame else { return 0 }
  _ = with(userData) { $0.fieldCheck.begin(isTrailers: cnghttp2_is_request(frame) == 0) }
  return onBeginHeaders(session, frame, userData)
}

private let onCheckedHeader:
  @convention(c) (
    Session, Frame, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int, UInt8, UserData
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

private let onCheckedFrameReceived: @convention(c) (Session, Frame, UserData) -> Int32 = { session, frame, userData in
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
