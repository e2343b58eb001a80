internal import EventLoop
internal import Logging
internal import Primitives
internal import RPCCore

/// The part of a channel on one loop: its connections, and the calls that wait for one. Belongs to the loop's thread.
/// `ChannelMachine` decides, and this does it.
// @unchecked Sendable: for closures that run on that thread.
final class LoopChannel: TurnFlushable, @unchecked Sendable {
  let core: ChannelCore
  let loop: EventLoop
  let shared: ClientLoop
  var isFlushScheduled = false
  var machine: ChannelMachine
  private(set) var subchannels: [ChannelMachine.ID: LoopSubchannel] = [:]
  /// Calls that wait for a connection, and some that have ended meanwhile.
  private(set) var waiting: [OutgoingCall] = []
  private var endedWaiting = 0
  /// Calls that have not ended.
  private var runningCalls = 0
  private var timer: LoopTimer?
  private var timerDue: UInt64?
  private var idleTimer: LoopTimer?
  private var resolution: Task<Void, Never>?
  /// The version of the service config from DNS that the machine has.
  private var configVersion = 0
  /// Whether the channel takes no further calls, and only finishes the running ones.
  private var isClosing: Bool
  private var isClosed = false
  /// The keepalive interval since a server sent `too_many_pings`; nil: as configured.
  var keepAliveInterval: Duration?
  @exclusivity(unchecked) var heads = RequestHeads()

  // For diagnostics.
  private(set) var counts = CallCounts()
  var trace = DiagnosticTrace()
  var tracedState = ConnectivityState.idle

  init(_ core: ChannelCore, on loop: EventLoop, isClosed: Bool) {
    self.core = core
    self.loop = loop
    isClosing = isClosed
    shared = ClientLoop.of(loop)
    let keepAlive = core.configuration.keepAlive
    keepAliveInterval = keepAlive.interval.map { max($0, keepAlive.leastInterval) }
    machine = ChannelMachine(core.machineSettings, seed: UInt64.random(in: .min ... .max))
  }

  var state: ConnectivityState { machine.state }
  var waitingCount: Int { waiting.count { $0.isWaiting } }

  // MARK: Calls

  /// A call begins, and wants a connection.
  func start(_ call: OutgoingCall) {
    loop.assertCurrent()
    if call.pinned != nil { return dispatch(call) }
    runningCalls += 1
    counts.callStarted(now: loop.now)
    guard !isClosing else {
      return call.end(RPCError(.unavailable, "the channel is closed"), byServer: false)
    }
    idleTimer?.cancel()
    guard let gate = core.gate else { return dispatch(call) }
    switch gate.enter(call) {
    case .go:
      call.place = .inside
      dispatch(call)
    case .wait(let ticket): call.place = .waiting(ticket)
    case .refuse:
      call.end(
        RPCError(.resourceExhausted, "the channel has as many calls as it may have, and as many wait"),
        byServer: false)
    }
  }

  /// A call that waited for others to end may go on.
  func admitted(_ call: OutgoingCall) {
    loop.assertCurrent()
    // It may have ended meanwhile, and has given its place to another one then.
    guard case .waiting = call.place, !call.machine.isOver else { return }
    call.place = .inside
    dispatch(call)
  }

  /// Connects without a call.
  func connect() {
    loop.assertCurrent()
    if !isClosing, machine.state == .idle { perform(machine.callIsWaiting(now: loop.now)) }
  }

  /// Gives a call to a connection, lets it wait, or ends it.
  private func dispatch(_ call: OutgoingCall) {
    if let connection = call.pinned {
      guard connection.hasRoom else {
        return call.end(RPCError(.unavailable, "the connection takes no calls"), byServer: false)
      }
      return connection.start(call)
    }
    if let published = core.published {
      call.configure(published)
      guard !call.machine.isOver else { return }
    }
    if machine.state == .idle { perform(machine.callIsWaiting(now: loop.now)) }
    switch machine.pick(now: loop.now) {
    case .use(let id):
      guard let subchannel = subchannels[id] else { return wait(call) }
      if let connection = subchannel.connectionWithRoom {
        connection.start(call)
      } else {
        wait(call)
        subchannel.openFurther()
      }
    case .wait: wait(call)
    case .fail(let reason):
      if call.plan.waitsForReady { return wait(call) }
      call.fail(RPCError(.unavailable, "\(core.authority) can't be reached: \(reason)"))
    }
  }

  private func wait(_ call: OutgoingCall) {
    call.isWaiting = true
    waiting.append(call)
  }

  /// Sends a call again, at the end of the turn: its old connection is still at work now.
  func redispatch(_ call: OutgoingCall) {
    wait(call)
    loop.flushAtEndOfTurn(self)
  }

  /// Waiting calls may go on: looks at them once, at the turn's end.
  func lookAtWaiting() {
    if !waiting.isEmpty { loop.flushAtEndOfTurn(self) }
  }

  func flushTurn() {
    let calls = waiting
    waiting = []
    endedWaiting = 0
    for call in calls where call.isWaiting {
      call.isWaiting = false
      dispatch(call)
    }
  }

  /// A call has ended.
  func ended(_ call: OutgoingCall) {
    if call.pinned != nil { return }
    runningCalls -= 1
    counts.callEnded(isSuccess: call.status == nil)
    core.gate?.leave(call.place)
    if call.isWaiting {
      call.isWaiting = false
      endedWaiting += 1
      // Drop calls that ended while they waited, now and then, so that a server that is gone for long costs no memory.
      if endedWaiting > 64, endedWaiting > waiting.count / 2 {
        waiting.removeAll { !$0.isWaiting }
        endedWaiting = 0
      }
    }
    guard runningCalls == 0 else { return }
    if isClosing { return finish() }
    guard let idleTimeout = core.configuration.idleTimeout else { return }
    let timer = idleTimer ?? LoopTimer(on: loop) { [unowned self] in becomeIdle() }
    idleTimer = timer
    timer.schedule(after: idleTimeout)
  }

  private func becomeIdle() {
    guard runningCalls == 0 else { return }
    perform(machine.becomeIdle())
  }

  // MARK: The machine

  func perform(_ actions: [ChannelMachine.Action]) {
    // The ends of connections that close with the channel are no reason to connect again.
    guard !isClosed else { return }
    for action in actions {
      switch action {
      case .resolve: resolve()
      case .connect(let id, let address):
        let subchannel = subchannels[id] ?? makeSubchannel(id, address)
        subchannels[id] = subchannel
        subchannel.open()
      case .drop(let id): drop(id)
      case .watchHealth(let id): subchannels[id]?.watchHealth()
      case .dispatch: lookAtWaiting()
      }
    }
    traceState()
    scheduleTick()
  }

  private func makeSubchannel(_ id: ChannelMachine.ID, _ address: SocketAddress) -> LoopSubchannel {
    let made = LoopSubchannel(id, address, self)
    trace.add(.info, "\(address) has a subchannel", subchannel: made.diagnosticID)
    return made
  }

  private func drop(_ id: ChannelMachine.ID) {
    guard let dropped = subchannels.removeValue(forKey: id) else { return }
    trace.add(.info, "\(dropped.address) has no subchannel any more", subchannel: dropped.diagnosticID)
    dropped.close()
  }

  private func scheduleTick() {
    guard !isClosed, let due = machine.nextTick else {
      timer?.cancel()
      timerDue = nil
      return
    }
    guard due != timerDue else { return }
    timerDue = due
    let timer = timer ?? LoopTimer(on: loop) { [unowned self] in tick() }
    self.timer = timer
    timer.schedule(atNanoseconds: due)
  }

  private func tick() {
    timerDue = nil
    perform(machine.tick(now: loop.now))
  }

  private func resolve() {
    resolution?.cancel()
    // `close` cancels the task; nobody uses its result then.
    resolution = Task(executorPreference: loop) { [core, weak self] in
      async let fault = core.published?.renew()
      let result: Result<[SocketAddress], any Error>
      do {
        result = .success(try await core.resolver.resolve())
      } catch {
        result = .failure(error)
      }
      let configFault = await fault
      guard !Task.isCancelled, let self else { return }
      loop.execute { self.resolved(result, configFault: configFault) }
    }
  }

  private func resolved(_ result: Result<[SocketAddress], any Error>, configFault: String?) {
    guard !isClosed else { return }
    if let configFault {
      log(.warning, "The service config of a target could not be found in DNS.", ["error": "\(configFault)"])
    }
    if let current = core.published?.current, current.version != configVersion {
      configVersion = current.version
      perform(machine.changed(core.machineSettings))
      // Those that wait because of that are dispatched below.
    }
    switch result {
    case .success(let addresses):
      trace.add(.info, "the target has \(addresses.count) address(es)")
      perform(machine.resolved(addresses, now: loop.now))
    case .failure(let error):
      trace.add(.warning, "the addresses could not be found: \(error)")
      log(.warning, "The addresses of a target could not be found.", ["error": "\(error)"])
      perform(machine.resolutionFailed("\(error)", now: loop.now))
    }
  }

  /// Takes no further calls. The connections close when those that run have ended.
  func close() {
    guard !isClosing else { return }
    isClosing = true
    if runningCalls == 0 { finish() }
  }

  private func finish() {
    guard !isClosed else { return }
    isClosed = true
    timer?.cancel()
    idleTimer?.cancel()
    resolution?.cancel()
    let open = subchannels.values
    subchannels = [:]
    for subchannel in open { subchannel.close() }
  }

  func log(_ level: Logger.Level, _ message: StaticString, _ metadata: @autoclosure () -> Logger.Metadata) {
    loop.logThrottle.log(
      level, message, metadata: metadata().merging(["target": "\(core.authority)"]) { $1 }, to: core.logger)
  }
}
