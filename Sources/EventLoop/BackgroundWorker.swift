public import Logging
import Synchronization

// @unchecked Sendable: all variables belong to the loop; asserted in debug builds.
/// Work that a service does on its own, again and again: purging, renewing certificates. It has a name, is started and
/// stopped by who made it, and is tried again with growing pauses when it fails; the log and `state` say how it is.
///
/// The work is a function that does one turn of it, and returns how long to rest until the next one. It runs in a task
/// on the loop, never twice at once. It must not block: `OffloadPool` is for what does. Stopping cancels the task. What
/// it throws is logged by its description, so that must not hold personal data.
///
/// Any thread may use it. It must be stopped before its loop ends.
public final class BackgroundWorker: @unchecked Sendable {
  /// One turn of the work. Returns how long to rest until the next one.
  public typealias Work = @Sendable () async throws -> Duration

  /// What the log and health call it.
  public let name: String
  private let loop: EventLoop
  private let logger: Logger
  private let work: Work
  private let onChange: @Sendable (WorkerState) -> Void
  private let machine: Mutex<WorkerMachine>

  private var timer: LoopTimer?
  private var task: Task<Void, Never>?
  private var stopping: [UnsafeContinuation<Void, Never>] = []
  /// The failure of which the log was told last, and when.
  private var logged: (error: String, time: UInt64)?
  /// How often it is told of one that stays the same.
  private static let logInterval = Duration.seconds(60)

  /// A worker that does nothing until `start()`.
  /// - Parameters:
  ///   - name: what the log and health call it.
  ///   - backoff: how long it rests after a failure.
  ///   - onChange: called on the loop when it began to fail, and when it is well again.
  ///   - work: one turn.
  public init(
    _ name: String, on loop: EventLoop, logger: Logger,
    backoff: Backoff = Backoff(first: .seconds(1), limit: .seconds(60)),
    onChange: @escaping @Sendable (WorkerState) -> Void = { _ in }, work: @escaping Work
  ) {
    self.name = name
    self.loop = loop
    self.logger = logger
    self.onChange = onChange
    self.work = work
    machine = Mutex(WorkerMachine(backoff: backoff))
  }

  deinit { assert([.new, .stopped].contains(state.phase), "worker \(name) was dropped without being stopped") }

  /// How it is now.
  public var state: WorkerState { machine.withLock { $0.state } }

  /// Begins the first turn at once. Once only.
  public func start() {
    loop.execute { [self] in perform(machine.withLock { $0.start() }) }
  }

  /// Ends its rest, whatever it rests for. If its work is under way, another turn follows.
  public func wake() {
    loop.execute { [self] in perform(machine.withLock { $0.wake() }) }
  }

  /// Cancels its work, and returns when that has ended. It can't be started again.
  public func stop() async {
    await withUnsafeContinuation { continuation in
      loop.execute { [self] in
        stopping.append(continuation)
        perform(machine.withLock { $0.stop() })
      }
    }
  }

  private func perform(_ action: WorkerMachine.Action) {
    loop.assertCurrent()
    switch action {
    case .none: break
    case .run: run()
    case .rest(let time):
      task = nil
      let timer = timer ?? LoopTimer(on: loop) { [unowned self] in perform(machine.withLock { $0.wake() }) }
      self.timer = timer
      timer.schedule(after: time)
    case .cancel: task?.cancel()
    case .finish:
      (timer, task) = (nil, nil)
      for continuation in stopping { continuation.resume() }
      stopping = []
    }
  }

  private func run() {
    timer?.cancel()
    task = Task(executorPreference: loop) { [self] in
      let result: Result<Duration, any Error>
      do {
        result = .success(try await work())
      } catch {
        result = .failure(error)
      }
      loop.execute { [self] in ended(result) }
    }
  }

  private func ended(_ result: Result<Duration, any Error>) {
    let wasFailing = state.isFailing
    switch result {
    case .success(let rest):
      perform(machine.withLock { $0.succeeded(rest: rest, now: loop.now) })
      logged = nil
      guard wasFailing, !state.isFailing else { return }
      logger.notice("A background worker is well again.", metadata: ["worker": "\(name)"])
      onChange(state)
    case .failure(let error):
      var random = SystemRandomNumberGenerator()
      let action = machine.withLock { $0.failed("\(error)", now: loop.now, using: &random) }
      perform(action)
      guard case .rest(let time) = action else { return }
      log("\(error)", rest: time)
      if !wasFailing { onChange(state) }
    }
  }

  private func log(_ error: String, rest: Duration) {
    if let logged, logged.error == error,
      loop.now < logged.time.saturatingAdd(Self.logInterval.clampedNanoseconds)
    {
      return
    }
    logged = (error, loop.now)
    logger.error(
      "A background worker failed; it is tried again.",
      metadata: ["worker": "\(name)", "error": "\(error)", "failures": "\(state.failures)", "rest": "\(rest)"])
  }
}
