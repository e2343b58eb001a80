internal import EventLoop
internal import Glibc
internal import HTTP2
import Logging
import RPCCore

/// One client's connection: its socket and its HTTP/2 session. Belongs to its loop's thread.
///
/// A turn: read, let the session take the bytes, walk the streams that have news; at the turn's end submit what the calls
/// have to say and write all frames at once. docs/architecture.md tells the whole way.
final class Connection: ReadinessHandler, TurnFlushable, HTTP2SessionDelegate {
  private enum Phase {
    case open
    /// GOAWAY(2^31-1) and PING are sent; calls on their way are still taken.
    case announced
    /// GOAWAY(last) is sent; the calls that run are finished.
    case draining
    /// All is said; the peer's last bytes are read and dropped, so that closing does not destroy ours (RFC 9112, 9.6).
    case lingering
    case closed
  }

  /// Reads a turn before other connections get theirs.
  private static let readsPerTurn = 4
  /// With more unsent output than this, nothing is read: the peer must take answers before it asks for more.
  private static let outputCap = 1 << 20
  private static let lingerTime = Duration.seconds(1)
  /// How long the PING that follows the first GOAWAY may take.
  private static let announceTime = Duration.seconds(1)

  /// Unique in the process.
  let id = ServerRegistry.makeID()
  let owner: ServerLoop
  let peer: String
  @exclusivity(unchecked) var counters = ConnectionCounters()
  /// Place in the loop's list.
  @exclusivity(unchecked) var index = 0
  @exclusivity(unchecked) var isFlushScheduled = false
  /// Handlers that run, those of cancelled calls included.
  @exclusivity(unchecked) var runningHandlers = 0
  /// What messages hold that wait for the peer: the rest of a request, or a window.
  @exclusivity(unchecked) var heldBytes = 0

  let descriptor: Int32
  @exclusivity(unchecked) private var source: IOSource?
  @exclusivity(unchecked) private(set) var session: HTTP2Session?
  @exclusivity(unchecked) private var phase = Phase.open
  /// What the socket did not take.
  @exclusivity(unchecked) private(set) var unsent = ByteBuffer()
  /// Calls with something to submit.
  @exclusivity(unchecked) private var speaking: [Call] = []
  private var timer: LoopTimer?
  @exclusivity(unchecked) var isFailing = false

  // Connection+Life.swift.
  @exclusivity(unchecked) var life: ConnectionLife
  var lifeTimer: LoopTimer?
  @exclusivity(unchecked) private(set) var lastReceived: UInt64
  /// When the socket last took something of `unsent`; nil if that is empty.
  @exclusivity(unchecked) private(set) var stalledSince: UInt64?

  init(_ descriptor: Int32, peer: String, on owner: ServerLoop) throws(HTTP2Error) {
    self.descriptor = descriptor
    self.peer = peer
    self.owner = owner
    let now = owner.loop.now
    let limits = owner.core.lifeLimits
    life = ConnectionLife(limits, start: now, jitter: limits.age == nil ? 0 : .random(in: -1...1))
    lastReceived = now
    session = try HTTP2Session(configuration: owner.core.http2, delegate: self, now: now)
  }

  func start() throws(EventLoopError) {
    source = try owner.loop.register(descriptor, .readable, self)
    owner.loop.flushAtEndOfTurn(self)
    startLifeTimer()
  }

  func makeStream(id: Int32) -> HTTP2Stream {
    counters.streamStarted(now: owner.now)
    return Call(id: id, connection: self)
  }

  // MARK: Reading

  func ready(_ readiness: Readiness) {
    if !readiness.isDisjoint(with: [.readable, .hangup, .error]) { read() }
    if readiness.contains(.writable) { owner.loop.flushAtEndOfTurn(self) }
  }

  private func read() {
    for _ in 0..<Self.readsPerTurn {
      guard phase != .closed, let base = owner.readBuffer.baseAddress else { return }
      let count = recv(descriptor, base, owner.readBuffer.count, 0)
      if count > 0 {
        if phase != .lingering { receive(UnsafeRawBufferPointer(start: base, count: count)) }
        if count < owner.readBuffer.count { return }
      } else if count == 0 {
        return close()
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        return close()
      }
    }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) {
    guard let session, !isFailing else { return }
    owner.now = owner.loop.now
    lastReceived = owner.now
    do {
      try session.receive(bytes, now: owner.now)
    } catch {
      // What nghttp2 has to say about it (GOAWAY) goes out with this turn's flush, then the connection is closed.
      owner.core.logger.debug("A connection broke HTTP/2.", metadata: ["peer": "\(peer)", "error": "\(error)"])
      isFailing = true
    }
    drainEvents()
    if phase == .announced, session.isPingAnswered { refuseNewStreams() }
    owner.loop.flushAtEndOfTurn(self)
  }

  private func drainEvents() {
    session?.drainEvents { stream, events in
      // All streams of the session come from makeStream.
      unsafeDowncast(stream, to: Call.self).handle(events)
    }
  }

  // MARK: Writing

  /// Has the call asked what it wants to submit at the end of the turn.
  func wantsToSpeak(_ call: Call) {
    speaking.append(call)
    owner.loop.flushAtEndOfTurn(self)
  }

  /// A message of a request is whole.
  func messageArrived() {
    session?.messageArrived()
    counters.messageReceived(now: owner.now)
  }

  /// A message of a response is handed over.
  func messageLeft() { counters.messageSent(now: owner.now) }

  func credit(_ call: Call, _ count: Int) {
    session?.credit(call, count)
    owner.loop.flushAtEndOfTurn(self)
  }

  func flushTurn() {
    guard phase != .closed, let session else { return }
    owner.now = owner.loop.now
    session.now = owner.now
    for call in speaking { call.submit(to: session) }
    speaking.removeAll(keepingCapacity: true)
    guard writeUnsent() else { return watch() }
    do {
      var isMore = true
      while isMore {
        isMore = false
        owner.gather.removeAll()
        while let bytes = try session.nextOutput() {
          owner.gather.append(bytes)
          if owner.gather.isFull {
            isMore = true
            break
          }
        }
        let gathered = owner.gather.bytes
        guard gathered.count > 0 else { break }
        let written = write(gathered)
        if written < 0 { return close() }
        if written < gathered.count {
          unsent.append(UnsafeRawBufferPointer(rebasing: gathered[written...]))
          stalledSince = owner.loop.now
          break
        }
      }
    } catch {
      return close()
    }
    drainEvents()
    watch()
    if unsent.isEmpty { finishIfDone(session) }
  }

  /// True if nothing is left over from earlier.
  private func writeUnsent() -> Bool {
    guard !unsent.isEmpty else { return true }
    let written = unsent.withUnsafeBytes { write($0) }
    if written < 0 {
      close()
      return false
    }
    unsent.dropFirst(written)
    if written > 0 { stalledSince = unsent.isEmpty ? nil : owner.loop.now }
    return unsent.isEmpty
  }

  /// Bytes that the socket took; -1 if it is broken.
  private func write(_ bytes: UnsafeRawBufferPointer) -> Int {
    while true {
      let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return count }
      if errno == EAGAIN { return 0 }
      if errno != EINTR { return -1 }
    }
  }

  private func watch() {
    guard phase != .closed else { return }
    var interest: Readiness = unsent.count > Self.outputCap ? [] : .readable
    if !unsent.isEmpty { interest.insert(.writable) }
    do { try source?.setInterest(interest) } catch { close() }
  }

  // MARK: Ending

  /// Two-phase GOAWAY, then the calls that run are finished, then the connection is closed.
  func drain() {
    guard phase == .open, let session else { return }
    phase = .announced
    session.announceShutdown()
    startTimer(after: Self.announceTime) { [unowned self] in refuseNewStreams() }
    owner.loop.flushAtEndOfTurn(self)
  }

  private func refuseNewStreams() {
    guard phase == .announced, let session else { return }
    phase = .draining
    timer?.cancel()
    session.refuseNewStreams()
    owner.loop.flushAtEndOfTurn(self)
  }

  private func finishIfDone(_ session: HTTP2Session) {
    if isFailing {
      linger()
    } else if phase == .draining, session.streams.isEmpty, !session.wantsWrite {
      linger()
    } else if session.isOver, phase != .lingering {
      linger()
    }
  }

  private func linger() {
    guard phase != .lingering, phase != .closed else { return }
    phase = .lingering
    stopLifeTimer()
    endCalls()
    shutdown(descriptor, Int32(SHUT_WR))
    startTimer(after: Self.lingerTime) { [unowned self] in close() }
  }

  private func startTimer(after delay: Duration, _ action: @escaping () -> Void) {
    timer?.cancel()
    let timer = LoopTimer(on: owner.loop, action)
    timer.schedule(after: delay)
    self.timer = timer
  }

  private func endCalls() {
    guard let session else { return }
    self.session = nil
    session.drainEvents { _, _ in }
    for stream in session.streams { unsafeDowncast(stream, to: Call.self).abandon() }
  }

  /// Closes at once; calls that run are cancelled.
  func close() {
    guard phase != .closed else { return }
    phase = .closed
    timer?.cancel()
    timer = nil
    stopLifeTimer()
    speaking = []
    endCalls()
    source?.cancel()
    source = nil
    _ = Glibc.close(descriptor)
    owner.remove(self)
  }
}
