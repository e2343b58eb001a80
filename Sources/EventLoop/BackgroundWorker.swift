public import Logging
public import Primitives
import Synchronization

// @unchecked Sendable: all variables belong to the loop; asserted in debug builds.
/// Work that a service repeats in the background: purging, reloading certificates. Its owner starts and stops it. When
/// a run fails, the worker logs the error and retries with exponential backoff; `state` reports its health.
///
/// The work is a function that does one run and returns how long to wait before the next one. It runs in a task on the
/// loop, one run at a time. It must not block: use `OffloadPool` for blocking work. Stopping the worker cancels the
/// task. The worker logs the description of each error that the function throws, so it must not contain personal data.
///
/// Any thread may use it. Its owner must stop it before its loop ends.
public final class BackgroundWorker: @unchecked Sendable {
  /// One run of the work. Returns how long to wait before the next one.
  public typealias Work = @Sendable () async throws -> Duration

  /// Its name in the log and in health details.
  public let name: String
  private let loop: EventLoop
  private let logger: Logger
  private let work: Work
  private let onChange: @Sendable (WorkerState) -> Void
  private let machine: Mutex<WorkerMachine>

  private var timer: LoopTimer?
  private var task: Task<Void, Never>?
  private var stopping: [UnsafeContinuation<Void, Never>] = []
  /// The failure that was logged last, and when.
  private var logged: (error: String, time: UInt64)?
  /// The worker logs the same error at most this often.
  private static let logInterval = Duration.seconds(60)

  /// A worker that does nothing until `start()`.
  /// - Parameters:
  ///   - name: its name in the log and in health details.
  ///   - backoff: how long it waits after a failure.
  ///   - onChange: called on the loop when it begins to fail, and when it recovers.
  ///   - work: one run.
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

  /// Its current phase and health.
  public var state: WorkerState { machine.withLock { $0.state } }

  /// Begins the first run at once. Further calls do nothing.
  public func start() {
    loop.execute { [self] in perform(machine.withLock { $0.start() }) }
  }

  /// Begins the next run at once, whether the worker waits for its next run or for a retry. If a run is under way,
  /// another one follows it.
  public func wake() {
    loop.execute { [self] in perform(machine.withLock { $0.wake() }) }
  }

  /// Cancels the run that is under way, and returns when that has ended. The worker can't be started again.
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
    case .wait(let time):
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
    case .success(let pause):
      perform(machine.withLock { $0.succeeded(pause: pause, now: loop.now) })
      logged = nil
      guard wasFailing, !state.isFailing else { return }
      logger.notice("A background worker recovered.", metadata: ["worker": "\(name)"])
      onChange(state)
    case .failure(let error):
      var random = SystemRandomNumberGenerator()
      let action = machine.withLock { $0.failed("\(error)", now: loop.now, using: &random) }
      perform(action)
      guard case .wait(let time) = action else { return }
      log("\(error)", retryIn: time)
      if !wasFailing { onChange(state) }
    }
  }

  private func log(_ error: String, retryIn delay: Duration) {
    if let logged, logged.error == error,
      loop.now < logged.time.saturatingAdd(Self.logInterval.clampedNanoseconds)
    {
      return
    }
    logged = (error, loop.now)
    logger.error(
      "A background worker failed; it retries.",
      metadata: ["worker": "\(name)", "error": "\(error)", "failures": "\(state.failures)", "retry_in": "\(delay)"])
  }
}
