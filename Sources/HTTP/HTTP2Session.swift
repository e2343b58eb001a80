internal import CNGHTTP2

/// What a session is told to hold its peer to.
public struct HTTP2Configuration: Sendable {
  /// SETTINGS_MAX_CONCURRENT_STREAMS.
  public var maximumConcurrentStreams: UInt32 = 256
  /// How large a header section may be. Its size is announced as SETTINGS_MAX_HEADER_LIST_SIZE.
  public var headerLimits = HeaderLimits()
  /// SETTINGS_INITIAL_WINDOW_SIZE: bytes of a request that may be under way before the handler takes them.
  public var streamWindow: Int32 = 262_144
  /// Bytes of all requests of a connection that may be under way. Credited at once: a slow handler must slow its own
  /// stream only.
  public var connectionWindow: Int32 = 1_048_576
  /// How often the peer may send PING, beside what `AbuseGuard` lets pass; nil: as often as that.
  public var pings: PingPolicy?
  /// Takes a `:authority` that can't be a host, such as the path of the Unix socket on which the request came.
  public var takesAnyAuthority = false

  /// The defaults that stand at the properties.
  public init() {}
}

/// Makes the streams of a session.
public protocol HTTP2SessionDelegate: AnyObject {
  /// In a callback of nghttp2: make the object, and do nothing else.
  func makeStream(id: Int32) -> HTTP2Stream
}

/// An HTTP/2 server connection without its socket: bytes in, events out; frames in, bytes out. nghttp2 does framing and
/// HPACK. Belongs to one thread. RFC 9113.
///
/// After `receive`, the streams that have news are walked with `drainEvents`. Callbacks never call back into the
/// session.
public final class HTTP2Session {
  let session: OpaquePointer
  unowned let delegate: any HTTP2SessionDelegate
  let configuration: HTTP2Configuration
  /// Streams that are open, in no order.
  @exclusivity(unchecked) public internal(set) var streams: [HTTP2Stream] = []
  @exclusivity(unchecked) var eventful: [HTTP2Stream] = []
  @exclusivity(unchecked) private var drained: [HTTP2Stream] = []
  /// Request bytes received and not yet credited to the connection.
  @exclusivity(unchecked) var uncredited = 0
  @exclusivity(unchecked) var abuse: AbuseGuard
  @exclusivity(unchecked) var closed = ClosedStreams()
  /// Of the header section that is being received.
  @exclusivity(unchecked) var fields = HeaderCollector()
  @exclusivity(unchecked) var fieldCheck = RequestFieldCheck()
  /// The stream that a callback asked for last, if `streams` holds one of that id.
  @exclusivity(unchecked) var latest: (id: Int32, stream: Unmanaged<HTTP2Stream>?) = (0, nil)
  /// The peer broke a rule that nghttp2 does not keep.
  @exclusivity(unchecked) var violation: (code: HTTP2ErrorCode, reason: StaticString)?
  private var pings: PingGuard?
  /// CLOCK_MONOTONIC in nanoseconds, as the owner last told.
  @exclusivity(unchecked) public var now: UInt64
  @exclusivity(unchecked) var progress: Progress
  /// HEADERS or DATA were sent since the last PING came.
  @exclusivity(unchecked) var hasSpoken = false
  /// An answer to our last PING came.
  public internal(set) var isPingAnswered = false
  /// A PING is to follow the GOAWAY that is about to be sent.
  var isPingDue = false

  /// Makes a session and queues its SETTINGS.
  /// - Parameter now: CLOCK_MONOTONIC in nanoseconds.
  public init(
    configuration: HTTP2Configuration, delegate: any HTTP2SessionDelegate, now: UInt64 = 0
  ) throws(HTTP2Error) {
    self.configuration = configuration
    self.now = now
    abuse = AbuseGuard(now: now)
    pings = configuration.pings.map(PingGuard.init)
    progress = Progress(now: now)
    self.delegate = delegate
    var session: OpaquePointer?
    let callbacks = configuration.takesAnyAuthority ? Callbacks.anyAuthority : Callbacks.usual
    let code = nghttp2_session_server_new2(&session, callbacks.pointer, nil, callbacks.options)
    guard code == 0, let session else { throw HTTP2Error(code: Int(code)) }
    self.session = session
    nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
    submitSettings()
  }

  deinit { nghttp2_session_del(session) }

  private func submitSettings() {
    let settings = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
        value: configuration.maximumConcurrentStreams),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(configuration.streamWindow)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
        value: UInt32(clamping: configuration.headerLimits.listSize)),
      // RFC 9218, section 2.1: the old priority tree is not kept.
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
    ]
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
    nghttp2_session_set_local_window_size(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, configuration.connectionWindow)
  }

  // MARK: Bytes

  /// Takes bytes from the peer.
  /// - Parameter now: CLOCK_MONOTONIC in nanoseconds; budgets against abuse refill by it.
  /// - Throws: when the connection can't go on. What there is to say about it (GOAWAY) can still be sent.
  public func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64 = 0) throws(HTTP2Error) {
    self.now = now
    let result = nghttp2_session_mem_recv(
      session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    if uncredited > 0 {
      nghttp2_session_consume_connection(session, uncredited)
      uncredited = 0
    }
    if result < 0 {
      let error = HTTP2Error(code: result)
      // nghttp2 itself says nothing then.
      if error.isFlooded { calmDown("too many frames at once") }
      throw error
    }
    if let (code, reason) = violation {
      giveUp(code, reason)
      throw HTTP2Error(violation: reason)
    }
    if let reason = abuse.verdict {
      calmDown(reason)
      throw HTTP2Error(abuse: reason)
    }
  }

  /// DATA or HEADERS begin.
  @inline(__always)
  func check(_ id: Int32) {
    if closed.contains(id) { violation = (.streamClosed, "a frame on a stream that its sender had ended") }
  }

  /// The peer asks whether we are there.
  func pingReceived() {
    guard pings != nil else { return }
    if pings?.ping(now: now, hasCalls: !streams.isEmpty, hasSpoken: hasSpoken) == false {
      abuse.condemn(PingGuard.verdict)
    }
    hasSpoken = false
  }

  /// A message of a request is whole.
  public func messageArrived() { abuse.messageArrived() }

  /// The next bytes for the peer, valid until the next call of the session; nil if there are none.
  public func nextOutput() throws(HTTP2Error) -> UnsafeRawBufferPointer? {
    var data: UnsafePointer<UInt8>?
    let count = nghttp2_session_mem_send(session, &data)
    if count < 0 { throw HTTP2Error(code: count) }
    return count == 0 ? nil : UnsafeRawBufferPointer(start: data, count: count)
  }

  /// Bytes of bodies that the peer lets us send on the connection.
  public var sendWindow: Int { Int(nghttp2_session_get_remote_window_size(session)) }
  /// Bytes of bodies that the peer may send on the connection.
  public var receiveWindow: Int { Int(nghttp2_session_get_local_window_size(session)) }

  /// Something waits to be sent.
  public var wantsWrite: Bool { nghttp2_session_want_write(session) != 0 }

  /// Both GOAWAY and the last stream are done: the connection can be closed.
  public var isOver: Bool {
    nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
  }

  // MARK: Events

  /// Hands over each stream that has news, in the order in which they had it.
  public func drainEvents(_ body: (HTTP2Stream, HTTP2Stream.Events) -> Void) {
    guard !eventful.isEmpty else { return }
    swap(&eventful, &drained)
    for stream in drained {
      let events = stream.events
      stream.events = []
      body(stream, events)
    }
    drained.removeAll(keepingCapacity: true)
  }

  func note(_ stream: HTTP2Stream, _ event: HTTP2Stream.Events) {
    if stream.events.isEmpty { eventful.append(stream) }
    stream.events.insert(event)
  }

  // MARK: Streams

  func open(_ id: Int32) {
    let stream = delegate.makeStream(id: id)
    stream.index = streams.count
    streams.append(stream)
    // The list keeps the stream as long as nghttp2 may name it.
    nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(stream).toOpaque())
    latest = (id, Unmanaged.passUnretained(stream))
  }

  func close(_ stream: HTTP2Stream, code: UInt32) {
    stream.isClosed = true
    stream.closeCode = HTTP2ErrorCode(rawValue: code)
    if code == 0 { abuse.streamCompleted() }
    if stream.isRemoteClosed { closed.insert(stream.id) }
    // Noted first: the list may hold the last reference.
    note(stream, .closed)
    let last = streams.count - 1
    if stream.index != last {
      streams[stream.index] = streams[last]
      streams[stream.index].index = stream.index
    }
    streams.removeLast()
    if progress.headersStream == stream.id { progress.headersStream = 0 }
    if streams.isEmpty {
      progress.idleSince = now
      fields.rest()
    }
  }
}
