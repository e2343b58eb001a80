internal import EventLoop
internal import HTTP
internal import Primitives
internal import ProtoWire
internal import RPCCore

/// One call: its messages, its attempts and what its caller waits for. `ClientCallMachine` decides what happens when,
/// and this does it.
// @unchecked Sendable: it belongs to its loop. The methods of `ClientCall`, which callers use, go to that loop first.
// Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another.
final class OutgoingCall: HTTPExchangeHandler, @unchecked Sendable {
  @exclusivity(unchecked) private(set) var plan: CallPlan
  /// Whether the plan heeds the service config from DNS, where the channel looks for one.
  @exclusivity(unchecked) private var isConfigured = false
  let channel: LoopChannel
  /// The connection that the call is for; nil: any of the channel's.
  let pinned: ClientConnection?
  /// Nil if nobody observes the call.
  let observation: CallObservation?
  @exclusivity(unchecked) private(set) var isEndObserved = false
  /// The call that this is an attempt of; nil: it is a call itself.
  weak var hedged: HedgedCall?
  /// Where the caller wants to read what the server sent beside its messages.
  @exclusivity(unchecked) var record: CallRecord?
  @exclusivity(unchecked) var machine: ClientCallMachine
  /// Nil before the call has a stream, and after the stream is closed.
  @exclusivity(unchecked) var exchange: HTTPExchange?
  @exclusivity(unchecked) private(set) var connection: ClientConnection?
  /// Whether the channel counts the call as running.
  @exclusivity(unchecked) private var isStarted = false
  /// Whether the call waits for others to end. Only where the channel limits its calls.
  @exclusivity(unchecked) var place = CallGate.Place.outside
  /// Whether the call is in the channel's queue.
  @exclusivity(unchecked) var isWaiting = false
  /// Whether bytes of the current attempt have left this process.
  @exclusivity(unchecked) var hasLeft = false
  /// How often the call was sent.
  @exclusivity(unchecked) private var attempts = 0
  /// The server that the current attempt was sent to.
  @exclusivity(unchecked) private(set) var peer: String?
  /// What observers add to the request of the current attempt.
  @exclusivity(unchecked) private var attemptMetadata = Metadata()
  @exclusivity(unchecked) private var deadlineTimer: LoopTimer?

  // OutgoingCall+Retries.swift.
  /// Nil: the call is not tried again.
  @exclusivity(unchecked) var retry: RetryState?
  /// An attempt has failed, and its stream is not closed yet: the next follows so many nanoseconds later.
  @exclusivity(unchecked) var retryDelay: UInt64?
  /// The status of that attempt.
  @exclusivity(unchecked) var failedCode = StatusCode.ok
  @exclusivity(unchecked) var retryTimer: LoopTimer?
  /// What the server said last of a further attempt (`grpc-retry-pushback-ms`).
  @exclusivity(unchecked) var pushback: String?

  // Requests.
  @exclusivity(unchecked) var outbound: ReplayBuffer
  /// Messages that were written so far: a further attempt sends them again.
  @exclusivity(unchecked) var written = 0
  /// Those of the connection that the latest attempt was sent on.
  @exclusivity(unchecked) private(set) var counters: SocketCounters?

  // Responses.
  @exclusivity(unchecked) var deframer: MessageDeframer
  /// What splits the body of a gRPC-Web response; nil where the call is gRPC's.
  let web: GRPCWebBody?
  /// Whether bytes of a body have come.
  @exclusivity(unchecked) private(set) var hasBody = false
  /// Received, and not yet given back to the server's window.
  @exclusivity(unchecked) var uncredited = 0
  @exclusivity(unchecked) var head: ResponseFields?
  /// The initial metadata, once the head of a response is there.
  @exclusivity(unchecked) var initial: Metadata?
  /// The status of a call that has ended: nil is OK.
  @exclusivity(unchecked) private(set) var status: RPCError?
  @exclusivity(unchecked) private(set) var trailingMetadata: Metadata?

  /// - Parameters:
  ///   - pinned: the connection that the call is for; nil: any of the channel's.
  ///   - previousAttempts: attempts of the same call, where this is one of several.
  ///   - hedged: that call.
  init(
    _ plan: CallPlan, observation: CallObservation?, on channel: LoopChannel, pinned: ClientConnection? = nil,
    previousAttempts: Int = 0, of hedged: HedgedCall? = nil
  ) {
    self.plan = plan
    self.pinned = pinned
    self.observation = observation
    self.hedged = hedged
    record = plan.record
    attempts = previousAttempts
    self.channel = channel
    machine = ClientCallMachine(hasSingleResponse: plan.hasSingleResponse)
    retry = plan.retry.map(RetryState.init)
    outbound = ReplayBuffer(limit: channel.core.configuration.replayLimit)
    deframer = MessageDeframer(limit: plan.maximumResponseSize)
    web =
      channel.core.configuration.protocol == .grpcWeb
      ? GRPCWebBody(limit: channel.core.configuration.headerLimit) : nil
  }

  var loop: EventLoop { channel.loop }

  // MARK: Attempts

  /// Loop thread.
  func start() {
    loop.assertCurrent()
    if case .failure(let error) = plan.metadata { return end(error, byServer: false) }
    guard scheduleDeadline() else { return }
    isStarted = true
    beginAttempt()
    channel.start(self)
  }

  /// - Returns: false: it has passed, and the call is over.
  private func scheduleDeadline() -> Bool {
    guard let deadline = plan.deadline else { return true }
    guard deadline.nanoseconds > MonotonicClock.nanoseconds else {
      deadlinePassed()
      return false
    }
    // The timer is released with the call at the latest, and `end` cancels it.
    let timer = deadlineTimer ?? LoopTimer(on: loop) { [unowned self] in deadlinePassed() }
    timer.schedule(atNanoseconds: deadline.nanoseconds)
    deadlineTimer = timer
    return true
  }

  /// Takes up the service config from DNS, once it is known, before the call is first sent.
  func configure(_ published: PublishedConfig) {
    guard !isConfigured, !machine.isOver, let current = published.current else { return }
    isConfigured = true
    guard let config = current.config.method(plan.method) else { return }
    plan.adopt(config)
    retry = plan.retry.map(RetryState.init)
    deframer = MessageDeframer(limit: plan.maximumResponseSize)
    _ = scheduleDeadline()
  }

  /// Before the call asks for a connection, the first time or again.
  func beginAttempt(isTransparentRetry: Bool = false) {
    guard let observation else { return }
    attemptMetadata = observation.attemptStarted(
      previousAttempts: attempts, isTransparentRetry: isTransparentRetry)
  }

  /// A connection takes the call.
  /// - Returns: the request's head; nil where the call is over.
  func begin(on connection: ClientConnection) -> HeaderFields? {
    guard case .success(var metadata) = plan.metadata, machine.dispatched() else { return nil }
    if !attemptMetadata.isEmpty { metadata.append(contentsOf: attemptMetadata) }
    observation?.attemptSent()
    counters = connection.counters
    connection.counters.values.messagesSent &+= written
    self.connection = connection
    hasLeft = false
    uncredited = 0
    peer = connection.peer
    record?.began(peer: connection.peer)
    let now = MonotonicClock.nanoseconds
    let timeout = plan.deadline.map { $0.nanoseconds > now ? $0.nanoseconds - now : 1 }
    defer { attempts += 1 }
    return RequestHead.fields(
      channel.heads.base(plan, core: channel.core), metadata, timeout: timeout, previousAttempts: attempts)
  }

  /// The attempt ended before its response did.
  func lost(_ loss: ClientCallMachine.Loss, _ error: RPCError) {
    exchange = nil
    connection = nil
    switch machine.lost(outbound.canRewind ? loss : .possiblyProcessed) {
    case .over: break
    case .again:
      rewind()
      // The server is not to count transparent retries.
      attempts -= 1
      observation?.attemptEnded(error.code)
      beginAttempt(isTransparentRetry: true)
      channel.redispatch(self)
    case .fails: fail(error)
    }
  }

  /// Forgets the attempt that was lost or has failed.
  func rewind() {
    outbound.rewind()
    deframer.removeAll()
    web?.removeAll()
    hasBody = false
    head = nil
  }

  // MARK: What the server did

  func receiveBody(_ bytes: UnsafeRawBufferPointer) {
    uncredited += bytes.count
    guard !machine.isOver, retryDelay == nil else { return }
    hasBody = true
    if let web { web.append(bytes, to: &deframer) } else { deframer.append(bytes) }
  }

  func handle(_ events: HTTPExchange.Events) {
    if let exchange, !machine.isOver, retryDelay == nil {
      if events.contains(.head) { headCame(exchange) }
      if events.contains(.data), machine.phase == .responding { responsesArrived() }
      if events.contains(.end), !machine.isOver, retryDelay == nil { responseEnded(exchange) }
    }
    if machine.isOver || retryDelay != nil { creditReceived() }
    if events.contains(.closed) { closed() }
  }

  private func closed() {
    guard let exchange, let connection else { return }
    self.exchange = nil
    self.connection = nil
    let code = exchange.closeCode
    let isWhole = exchange.isRemoteClosed
    defer { connection.callClosed(isWhole: isWhole) }
    func attemptEnded(_ code: StatusCode?) { channel.callEnded(self, on: connection.subchannel, code) }
    guard !machine.isOver else { return attemptEnded(status?.code ?? .ok) }
    if let retryDelay {
      attemptEnded(failedCode)
      return scheduleRetry(after: retryDelay)
    }
    if let loss = connection.loss {
      let error = RPCError(.unavailable, "the connection to \(connection.peer) was lost: \(loss)")
      attemptEnded(hasLeft ? .unavailable : nil)
      return lost(hasLeft ? .possiblyProcessed : .unsent, error)
    }
    let error = RPCError(
      StatusCode(resetCode: code.rawValue), "the server reset the stream, with code \(code.rawValue)")
    attemptEnded(code == .refusedStream ? nil : error.code)
    lost(code == .refusedStream ? .refused : .possiblyProcessed, error)
  }

  // MARK: End

  private func deadlinePassed() {
    let stage =
      switch machine.phase {
      case .queued where place.isWaiting: "the call waited for other calls of the channel to end"
      case .queued: "the call waited for a connection to \(channel.core.authority)"
      case .sent: "the call waited for the response"
      default: "the call received the response"
      }
    end(RPCError(.deadlineExceeded, "the deadline passed while \(stage)"), byServer: false)
  }

  /// Ends or retries the call for a reason other than a status from the server. If the deadline has passed, that is the
  /// reason.
  func fail(_ error: RPCError) {
    if let deadline = plan.deadline, deadline.nanoseconds <= MonotonicClock.nanoseconds { return deadlinePassed() }
    if !retryIfAllowed(error.code, pushback: nil) { end(error, byServer: false) }
  }

  /// The status is known.
  /// - Parameter byServer: the server has sent it, and nothing of its response is to come.
  func end(_ error: RPCError?, byServer: Bool, trailingMetadata: Metadata? = nil) {
    loop.assertCurrent()
    guard let release = machine.ended(byServer: byServer) else { return }
    status = error
    deadlineTimer?.cancel()
    deadlineTimer = nil
    retryTimer?.cancel()
    retryTimer = nil
    outbound.removeAll()
    // A stream delivers the messages that came before an error; a call with a single response delivers only the error.
    if error != nil, !byServer || plan.hasSingleResponse { deframer.removeAll() }
    if error == nil { channel.core.throttle?.succeeded() }
    self.trailingMetadata = trailingMetadata
    record?.ended(error?.code ?? .ok, trailingMetadata: trailingMetadata)
    if deframer.isEmpty { observeEnd() }
    if release.resetsStream, let exchange { connection?.abort(exchange) }
    release.wake()
    if isStarted { channel.ended(self) }
    hedged?.ended(self, error, pushback: pushback)
  }

  /// The call has ended, and all that came of its response was read, or nobody will read it.
  func observeEnd() {
    guard machine.isOver, !isEndObserved else { return }
    isEndObserved = true
    observation?.ended(status?.code ?? .ok)
    hedged?.observeEnd(of: self)
  }
}
