internal import EventLoop
internal import Primitives
internal import ProtoWire
internal import RPCCore

/// A call that is sent several times, and takes the first answer: `HedgingState` decides when, each attempt is an
/// `OutgoingCall`. As soon as one of them has a response, or the status with which the call ends, it is the winner:
/// the others are cancelled, and it serves the caller from then on.
// @unchecked Sendable: it belongs to its loop. The methods of `ClientCall`, which callers use, go to that loop first.
final class HedgedCall: @unchecked Sendable {
  private struct Message {
    /// Any message, as its unknown fields.
    let content: Google_Protobuf_Empty
    let mayCompress: Bool
  }

  let plan: CallPlan
  let channel: LoopChannel
  /// Nil if nobody observes the call.
  private let observation: CallObservation?
  private var state: HedgingState
  /// Attempts that run.
  private var attempts: [OutgoingCall] = []
  private(set) var winner: OutgoingCall?
  /// The attempt whose status is the call's, if none follows.
  private var lastFailed: OutgoingCall?
  private var isEndObserved = false
  /// The requests so far, for attempts that begin later.
  private var messages: [Message] = []
  private var size = 0
  private(set) var isFinished = false
  private var waiters: [UnsafeContinuation<Void, Never>] = []
  private var timer: LoopTimer?

  init(_ plan: CallPlan, _ policy: HedgingPolicy, _ observers: [any CallObserver], on channel: LoopChannel) {
    self.plan = plan
    self.channel = channel
    observation = CallObservation(observers)
    state = HedgingState(policy)
  }

  var loop: EventLoop { channel.loop }

  // MARK: Attempts

  /// Loop thread.
  func start() {
    loop.assertCurrent()
    begin()
  }

  private func makeAttempt() -> OutgoingCall {
    let attempt = OutgoingCall(
      plan.attempt, observation: observation.map { CallObservation(attemptOf: $0) }, on: channel,
      previousAttempts: state.begun, of: self)
    state.began(now: loop.now)
    attempts.append(attempt)
    return attempt
  }

  private func begin() {
    let attempt = makeAttempt()
    for message in messages { attempt.write(message.content, mayCompress: message.mayCompress) }
    if isFinished { attempt.finishWriting() }
    attempt.start()
    schedule()
  }

  private func schedule() {
    guard winner == nil, var due = state.due else {
      timer?.cancel()
      return
    }
    // Where no attempt runs, none tells of the deadline.
    if let deadline = plan.deadline { due = min(due, deadline.nanoseconds) }
    guard due > loop.now else { return tick() }
    let timer = timer ?? LoopTimer(on: loop) { [unowned self] in tick() }
    self.timer = timer
    timer.schedule(atNanoseconds: due)
  }

  private func tick() {
    guard winner == nil else { return }
    // An attempt that begins after the deadline ends at once, as the call does.
    if let deadline = plan.deadline, deadline.nanoseconds <= loop.now {
      if state.running == 0 { begin() }
    } else if state.isDue(now: loop.now, isAllowed: channel.core.throttle?.allowsRetries ?? true) {
      begin()
    } else if state.isOver, let lastFailed {
      commit(to: lastFailed)
    }
  }

  /// The response of an attempt begins.
  func responded(_ attempt: OutgoingCall) { commit(to: attempt) }

  /// An attempt has ended.
  /// - Parameters:
  ///   - pushback: `grpc-retry-pushback-ms` of the server.
  ///   - error: nil: OK.
  func ended(_ attempt: OutgoingCall, _ error: RPCError?, pushback: String?) {
    guard winner == nil else { return }
    guard let error else { return commit(to: attempt) }
    attempts.removeAll { $0 === attempt }
    let pushback = RetryState.Pushback(pushback)
    let isAllowed = state.isCharged(error.code, pushback) ? channel.core.throttle?.failed() ?? true : true
    switch state.failed(error.code, pushback, isAllowed: isAllowed, now: loop.now) {
    case .end: commit(to: attempt)
    case .goOn:
      lastFailed = attempt
      schedule()
    }
  }

  private func commit(to attempt: OutgoingCall) {
    guard winner == nil else { return }
    winner = attempt
    state.stop()
    timer?.cancel()
    timer = nil
    messages = []
    let others = attempts.filter { $0 !== attempt }
    attempts = []
    lastFailed = nil
    for other in others { other.abandon() }
    attempt.serveCaller(plan.record, attempts: state.begun)
    let waiters = waiters
    self.waiters = []
    for waiter in waiters { waiter.resume() }
    if attempt.isEndObserved { observeEnd(of: attempt) }
  }

  /// An attempt has ended, and its response was read.
  func observeEnd(of attempt: OutgoingCall) {
    guard attempt === winner, !isEndObserved else { return }
    isEndObserved = true
    observation?.ended(attempt.status?.code ?? .ok)
  }

  // MARK: What the caller does. Loop thread.

  /// Gives a message to all attempts.
  func write(_ bytes: [UInt8], mayCompress: Bool, isLast: Bool) throws(RPCError) {
    guard !isFinished else { throw RPCError(.internal, "a message was written after the requests were finished") }
    let message = Message(
      content: .with { $0.unknownFields = UnknownFields(wireBytes: bytes) }, mayCompress: mayCompress)
    guard bytes.count <= plan.maximumRequestSize else {
      let error = RPCError(
        .resourceExhausted,
        "a request message has \(bytes.count) bytes, the client sends \(plan.maximumRequestSize)")
      if let first = attempts.first { commit(to: first) }
      winner?.end(error, byServer: false)
      throw error
    }
    observation?.sent(size: bytes.count)
    messages.append(message)
    size += bytes.count + 5
    isFinished = isLast
    for attempt in attempts {
      attempt.write(message.content, mayCompress: mayCompress)
      if isLast { attempt.finishWriting() }
    }
    // What is not kept can't be sent again.
    if size > channel.core.configuration.replayLimit, let first = attempts.first { commit(to: first) }
  }

  func finish() {
    guard !isFinished else { return }
    isFinished = true
    for attempt in attempts { attempt.finishWriting() }
    winner?.finishWriting()
  }

  func cancelled() {
    if winner == nil {
      // If none runs, one that never starts tells the caller.
      state.stop()
      commit(to: attempts.first ?? makeAttempt())
    }
    winner?.cancel()
  }

  /// Suspends until there is a winner.
  nonisolated(nonsending) func decided() async {
    loop.assertCurrent()
    guard winner == nil else { return }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        if winner == nil { waiters.append(continuation) } else { continuation.resume() }
      }
    } onCancel: {
      loop.execute { self.cancelled() }
    }
  }
}
