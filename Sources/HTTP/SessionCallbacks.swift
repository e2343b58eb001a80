internal import CNGHTTP2

typealias NGHTTP2Session = OpaquePointer?
typealias NGHTTP2Frame = UnsafePointer<nghttp2_frame>?
/// The Swift session, without a retain.
typealias NGHTTP2UserData = UnsafeMutableRawPointer?

/// nghttp2's callbacks and options, one set for all sessions of a kind. The callbacks write what came where it belongs
/// and note the exchange; nothing else.
// @unchecked Sendable: made once, and only read by nghttp2 afterwards.
final class SessionCallbacks: @unchecked Sendable {
  let pointer: OpaquePointer?
  let options: OpaquePointer?

  /// - Parameter configure: sets what differs between the kinds.
  init(_ configure: (_ callbacks: OpaquePointer?, _ options: OpaquePointer?) -> Void) {
    var callbacks: OpaquePointer?
    nghttp2_session_callbacks_new(&callbacks)
    var options: OpaquePointer?
    nghttp2_option_new(&options)
    // Credit follows consumption, and closed streams are not remembered for a priority tree that is not kept.
    nghttp2_option_set_no_auto_window_update(options, 1)
    nghttp2_option_set_no_closed_streams(options, 1)
    configure(callbacks, options)
    pointer = callbacks
    self.options = options
  }
}

/// Runs `body` with the session behind nghttp2's user data.
@inline(__always)
func withSession<Session: HTTP2Session>(
  _ userData: NGHTTP2UserData, as type: Session.Type, _ body: (Session) -> Void
) -> Int32 {
  guard let userData else { return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
  Unmanaged<Session>.fromOpaque(userData)._withUnsafeGuaranteedRef(body)
  return 0
}

/// Runs `body` with the exchange of a stream; nothing happens for a stream that has none. nghttp2 tells of one frame in
/// several callbacks, a header field each, so the exchange that was asked for last is remembered.
@inline(__always)
func withExchange(_ owner: HTTP2Session, stream id: Int32, _ body: (HTTPExchange) -> Void) {
  if owner.latest.id != id {
    owner.latest = (id, nghttp2_session_get_stream_user_data(owner.session, id).map { .fromOpaque($0) })
  }
  owner.latest.exchange?._withUnsafeGuaranteedRef(body)
}
