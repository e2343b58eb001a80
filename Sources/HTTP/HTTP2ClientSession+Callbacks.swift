internal import CNGHTTP2

extension SessionCallbacks {
  static let client = SessionCallbacks { callbacks, options in
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeaders)
    nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onData)
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrameReceived)
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClose)
    // gRPC's percent-encoding leaves spaces as they are, at the ends of `grpc-message` too, where RFC 9113 has none.
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1)
  }
}

private func with(_ userData: NGHTTP2UserData, _ body: (HTTP2ClientSession) -> Void) -> Int32 {
  withSession(userData, as: HTTP2ClientSession.self, body)
}

private let onBeginHeaders: @convention(c) (NGHTTP2Session, NGHTTP2Frame, NGHTTP2UserData) -> Int32 = {
  _, frame, userData in
  guard let frame else { return 0 }
  // Our SETTINGS forbid it; until they are acknowledged nghttp2 would let it pass.
  guard UInt32(cnghttp2_type(frame)) == NGHTTP2_HEADERS.rawValue else {
    return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
  }
  return with(userData) { $0.fields.begin() }
}

private let onHeader:
  @convention(c) (
    NGHTTP2Session, NGHTTP2Frame, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int, UInt8, NGHTTP2UserData
  ) -> Int32 = { _, _, name, nameLength, value, valueLength, _, userData in
    with(userData) { owner in
      owner.fields.append(
        name: UnsafeRawBufferPointer(start: name, count: nameLength),
        value: UnsafeRawBufferPointer(start: value, count: valueLength), limits: owner.headerLimits)
    }
  }

private let onData:
  @convention(c) (NGHTTP2Session, UInt8, Int32, UnsafePointer<UInt8>?, Int, NGHTTP2UserData) -> Int32 = {
    _, _, id, bytes, count, userData in
    with(userData) { owner in
      owner.uncredited += count
      withExchange(owner, stream: id) { exchange in
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
      withExchange(owner, stream: cnghttp2_stream_id(frame)) { exchange in
        if type == NGHTTP2_HEADERS.rawValue { receive(owner.fields.finish(), for: exchange, owner) }
        if flags & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
          exchange.isRemoteClosed = true
          owner.note(exchange, .end)
        }
      }
    case NGHTTP2_PING.rawValue where flags & NGHTTP2_FLAG_ACK.rawValue != 0: owner.note(.pingAnswer)
    case NGHTTP2_SETTINGS.rawValue where flags & NGHTTP2_FLAG_ACK.rawValue == 0: owner.note(.settings)
    case NGHTTP2_GOAWAY.rawValue: owner.note(GoAway(frame))
    default: break
    }
  }
}

/// A whole header section: an informational head, the head, or the trailers.
private func receive(_ block: HeaderBlock, for exchange: HTTPExchange, _ owner: HTTP2ClientSession) {
  if exchange.isReceivingTrailers {
    exchange.trailers = block
  } else if block.isOverLimit || !(100..<200).contains(block.status ?? 0) {
    exchange.head = block
    exchange.isReceivingTrailers = true
    owner.note(exchange, .head)
  } else {
    // A server may send any number of informational heads.
    owner.abuse.controlFrame(now: owner.now)
  }
}

private let onFrameSent: @convention(c) (NGHTTP2Session, NGHTTP2Frame, NGHTTP2UserData) -> Int32 = {
  _, frame, userData in
  guard let frame else { return 0 }
  let type = UInt32(cnghttp2_type(frame))
  return with(userData) { owner in
    switch type {
    case NGHTTP2_DATA.rawValue: owner.abuse.dataSent()
    // The server may have been sending.
    case NGHTTP2_RST_STREAM.rawValue: owner.abuse.endedEarly()
    default: break
    }
  }
}

private let onStreamClose: @convention(c) (NGHTTP2Session, Int32, UInt32, NGHTTP2UserData) -> Int32 = {
  session, id, code, userData in
  with(userData) { owner in
    withExchange(owner, stream: id) { exchange in
      owner.remove(exchange, code: code)
      nghttp2_session_set_stream_user_data(session, id, nil)
    }
    owner.latest = (0, nil)
  }
}

extension GoAway {
  fileprivate init(_ frame: UnsafePointer<nghttp2_frame>) {
    let data = UnsafeBufferPointer(start: cnghttp2_debug_data(frame), count: min(cnghttp2_debug_data_count(frame), 256))
    self.init(
      lastStream: cnghttp2_last_stream_id(frame), code: HTTP2ErrorCode(rawValue: cnghttp2_goaway_code(frame)),
      reason: String(decoding: data, as: UTF8.self))
  }
}

extension HeaderBlock {
  /// `:status` of a response; nil if there is none, as in requests and trailers.
  public var status: Int? {
    var status: Int?
    forEach { name, value in
      guard status == nil, name.equals(":status") else { return }
      let number: Int = value.reduce(0) { $0 * 10 + Int($1 & 0x0f) }
      status = number
    }
    return status
  }
}
