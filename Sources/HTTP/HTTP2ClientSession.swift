internal import CNGHTTP2

/// The client's end of an HTTP/2 connection: requests go, responses come. Belongs to one thread.
///
/// `takeNotices` tells the owner what the server says of the whole connection.
public final class HTTP2ClientSession: HTTP2Session {
  // Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another.
  @exclusivity(unchecked) private var frames = ResponseFrameInspector()
  @exclusivity(unchecked) private var notices: HTTP2Notices = []
  /// We have sent GOAWAY.
  var isShutDown = false
  /// The server's last GOAWAY; nil if there was none.
  public private(set) var goAway: GoAway?

  /// Makes a session and queues its preface.
  /// - Parameters:
  ///   - pool: exchanges to use again; share one among the sessions of a thread.
  ///   - now: CLOCK_MONOTONIC in nanoseconds.
  public init(
    configuration: HTTP2ClientConfiguration = HTTP2ClientConfiguration(), pool: HTTPExchangePool = HTTPExchangePool(),
    now: UInt64
  ) throws(HTTP2Error) {
    var session: OpaquePointer?
    let callbacks = SessionCallbacks.client
    let code = nghttp2_session_client_new2(&session, callbacks.pointer, nil, callbacks.options)
    guard code == 0, let session else { throw HTTP2Error(code: Int(code)) }
    super.init(
      session, configuration.headerLimits, streamWindow: configuration.streamWindow,
      connectionWindow: configuration.connectionWindow, pool: pool, now: now)
    submitSettings(configuration)
  }

  private func submitSettings(_ configuration: HTTP2ClientConfiguration) {
    let settings = [
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(configuration.streamWindow)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
        value: UInt32(clamping: configuration.headerLimits.listSize)),
    ]
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
  }

  /// Takes bytes from the server.
  /// - Parameter now: CLOCK_MONOTONIC in nanoseconds; budgets against abuse refill by it.
  /// - Throws: when the connection can't go on. What there is to say about it (GOAWAY) can still be sent.
  public func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) throws(HTTP2Error) {
    self.now = now
    let count = frames.inspect(bytes, &abuse, now: now) { [session] in
      nghttp2_session_get_stream_user_data(session, $0) != nil
    }
    try feed(bytes, count)
    try checkAbuse()
  }

  /// What the server said of the whole connection since the last call.
  public func takeNotices() -> HTTP2Notices {
    defer { notices = [] }
    return notices
  }

  // MARK: For the callbacks

  func note(_ notice: HTTP2Notices) { notices.insert(notice) }

  func note(_ goAway: GoAway) {
    self.goAway = goAway
    notices.insert(.goAway)
  }
}
