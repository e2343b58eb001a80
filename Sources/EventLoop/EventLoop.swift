import CLinux
import Glibc
public import Logging
import Primitives
import Synchronization

// @unchecked Sendable: only the loop's own thread touches the stored state, except the mailbox and the stop flag;
// `assertCurrent` checks this in debug builds.
/// One epoll loop on one thread: readiness, timers, and the executor of the tasks that belong to it.
///
/// A turn has these phases (docs/architecture.md explains why in this order):
///
/// 1. wait in epoll until a descriptor is ready or the next timer is due
/// 2. fire timers
/// 3. call readiness handlers
/// 4. read the mailbox, and run jobs (continuations and tasks that became ready) until none is left
/// 5. call flush targets: each writes once what it collected. Jobs that this makes ready run before the loop sleeps,
///    the first few rounds of them in this turn
///
/// Only the loop's thread touches state that is confined to a loop (connections, streams, timers). Any thread may call
/// `execute`, `enqueue`, `stop` and `isCurrent`; only the loop's thread may call everything else.
public final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
  /// The loop logs a turn that takes longer, in nanoseconds: everything else on the loop waited for it.
  static let stallThreshold: UInt64 = 50_000_000
  private static let eventsPerWait = 256
  /// A flush wakes writers, whose jobs request the next flush. A peer that reads fast would keep this going without
  /// end, so after some rounds the loop looks at timers and other sockets.
  private static let roundsPerTurn = 4
  /// A task that yields in a loop would keep a round going without end.
  private static let jobsPerRound = 4096
  private static let nanosecondsPerTick: UInt64 = 1_000_000

  /// The name of its thread, also in the log.
  public let name: String
  private let epoll: Int32
  private let mailbox: Mailbox
  private let isStopping = Atomic(false)
  private let logger: Logger?

  private let events: UnsafeMutablePointer<clinux_event>
  @exclusivity(unchecked) private var jobs = Ring<UnownedJob>(capacity: 256)
  @exclusivity(unchecked) private var timers: TimerWheel
  @exclusivity(unchecked) private var dueTimers: [LoopTimer] = []
  @exclusivity(unchecked) private var flushTargets: [any TurnFlushable] = []
  @exclusivity(unchecked) private var flushingTargets: [any TurnFlushable] = []
  /// Sources that were cancelled in this turn: an event of the same wait may still point at them.
  @exclusivity(unchecked) private var cancelledSources: [IOSource] = []
  @exclusivity(unchecked) private var hasMail = false

  /// CLOCK_MONOTONIC when this turn began, in nanoseconds. Loop thread only.
  public private(set) var now: UInt64 {
    get { storedNow }
    set { storedNow = newValue }
  }
  // `now` is computed, so that other modules read it without a check: `@exclusivity` does not reach beyond this module.
  @exclusivity(unchecked) private var storedNow: UInt64
  /// What runs now, for the stall log. Code that starts a handler on the loop sets it. Loop thread only.
  @exclusivity(unchecked) public var activity: (any CustomStringConvertible & AnyObject)?
  /// Limits log lines that a peer or a fault can repeat without end. Loop thread only.
  public private(set) lazy var logThrottle = LogThrottle(on: self)

  /// Makes a loop. It does nothing until a thread calls `run()`.
  /// - Throws: the error of epoll or eventfd, such as EMFILE when the process has no file descriptors left.
  public init(name: String, logger: Logger? = nil) throws(EventLoopError) {
    self.name = name
    self.logger = logger
    epoll = clinux_epoll_create()
    if epoll < 0 { throw EventLoopError(call: "epoll_create1", errno: errno) }
    let mailbox: Mailbox
    do {
      mailbox = try Mailbox()
    } catch {
      _ = close(epoll)
      throw error
    }
    self.mailbox = mailbox
    storedNow = MonotonicClock.nanoseconds
    timers = TimerWheel(startTick: storedNow / Self.nanosecondsPerTick)
    events = .allocate(capacity: Self.eventsPerWait)
    // The mailbox is the only registration without an IOSource.
    if clinux_epoll_add(epoll, mailbox.wakeDescriptor, Readiness.readable.rawValue, nil) != 0 {
      throw EventLoopError(call: "epoll_ctl", errno: errno)
    }
  }

  deinit {
    _ = close(epoll)
    events.deallocate()
  }

  // MARK: The current loop

  /// The loop that runs on the calling thread, or nil.
  public static var current: EventLoop? {
    guard let pointer = clinux_get_current_loop() else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Whether the calling thread is this loop's. Any thread may call it.
  public var isCurrent: Bool {
    clinux_get_current_loop() == Unmanaged.passUnretained(self).toOpaque()
  }

  /// Traps in debug builds if the calling thread is not this loop's.
  @inline(__always)
  public func assertCurrent() {
    assert(isCurrent, "state of loop \(name) touched from another thread")
  }

  // MARK: Work from any thread

  /// Runs `work` on the loop's thread, in phase 4 of a turn. Any thread may call it; the loop keeps the order of one
  /// thread's calls. Work that is passed after `stop()` may never run.
  public func execute(_ work: @escaping @Sendable () -> Void) {
    mailbox.put(.work(work))
  }

  /// Runs a job of a task or an actor on this loop: in this turn if the loop's own thread calls, else as soon as the
  /// loop reads its mailbox. Any thread.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent { jobs.append(job) } else { mailbox.put(.job(job)) }
  }

  /// Makes `run` return at the end of its turn. Any thread.
  public func stop() {
    isStopping.store(true, ordering: .releasing)
    mailbox.wake()
  }

  // MARK: The turn

  /// Runs turns on the calling thread until `stop()`. Call it once.
  public func run() {
    clinux_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
    defer { clinux_set_current_loop(nil) }
    while !isStopping.load(ordering: .acquiring) { turn() }
    // Work that was passed before stop() still runs: no continuation may be lost.
    takeMail()
    runJobs()
    flush()
    runJobs()
    logThrottle.finish()
  }

  private func turn() {
    let count = clinux_epoll_wait(epoll, events, Int32(Self.eventsPerWait), waitMilliseconds())
    now = MonotonicClock.nanoseconds
    fireTimers()
    if count > 0 { dispatch(Int(count)) }
    if hasMail { takeMail() }
    var rounds = 0
    repeat {
      runJobs()
      flush()
      rounds += 1
    } while rounds < Self.roundsPerTurn && (!jobs.isEmpty || !flushTargets.isEmpty)
    cancelledSources.removeAll(keepingCapacity: true)
    reportStall()
  }

  private func waitMilliseconds() -> Int32 {
    if !jobs.isEmpty || !flushTargets.isEmpty { return 0 }
    guard let tick = timers.nextTick() else { return -1 }
    let time = tick.multipliedReportingOverflow(by: Self.nanosecondsPerTick)
    let clock = MonotonicClock.nanoseconds
    guard !time.overflow, time.partialValue > clock else { return time.overflow ? Int32.max : 0 }
    // Rounded up: a timer is never early, and the loop does not spin through the last millisecond.
    let milliseconds = (time.partialValue - clock + Self.nanosecondsPerTick - 1) / Self.nanosecondsPerTick
    return Int32(clamping: milliseconds)
  }

  private func fireTimers() {
    guard timers.count > 0 else { return }
    timers.expire(through: now / Self.nanosecondsPerTick, into: &dueTimers)
    guard !dueTimers.isEmpty else { return }
    let due = dueTimers
    dueTimers.removeAll(keepingCapacity: true)
    for timer in due { timer.fire() }
  }

  private func dispatch(_ count: Int) {
    for index in 0..<count {
      guard let data = events[index].data else {
        hasMail = true
        continue
      }
      let source = Unmanaged<IOSource>.fromOpaque(data).takeUnretainedValue()
      source.handler?.ready(Readiness(rawValue: events[index].bits))
    }
  }

  private func takeMail() {
    hasMail = false
    for item in mailbox.takeAll() {
      switch item {
      case .job(let job): jobs.append(job)
      case .work(let work): work()
      }
    }
  }

  private func runJobs() {
    var left = Self.jobsPerRound
    while left > 0, let job = jobs.popFirst() {
      job.runSynchronously(on: asUnownedTaskExecutor())
      left -= 1
    }
  }

  private func flush() {
    guard !flushTargets.isEmpty else { return }
    swap(&flushTargets, &flushingTargets)
    for target in flushingTargets {
      target.isFlushScheduled = false
      target.flushTurn()
    }
    flushingTargets.removeAll(keepingCapacity: true)
  }

  private func reportStall() {
    defer { activity = nil }
    guard let logger else { return }
    let end = MonotonicClock.nanoseconds
    guard end &- now > Self.stallThreshold else { return }
    let activity = activity.map { $0.description } ?? "unknown"
    logThrottle.log(
      .warning, "A turn of the event loop took over 50 ms; everything else on the loop waited.", kind: activity,
      metadata: ["loop": "\(name)", "milliseconds": "\((end - now) / 1_000_000)", "activity": "\(activity)"], to: logger
    )
  }

  // MARK: Loop thread only

  /// Resumes a task of this loop and runs it until it suspends again, before this method returns: what `Task.immediate`
  /// does for a new task.
  /// - Parameter resume: resumes one continuation of a task that prefers this loop, and does nothing else.
  public func runImmediately(_ resume: () -> Void) {
    assertCurrent()
    let waiting = jobs.count
    resume()
    guard jobs.count > waiting, let job = jobs.popLast() else { return }
    job.runSynchronously(on: asUnownedTaskExecutor())
  }

  /// Registers a file descriptor. The source holds the handler until its `cancel()`.
  /// - Throws: the error of epoll_ctl(2), such as ENOSPC when the user's watch limit is reached.
  public func register(
    _ fd: Int32, _ interest: Readiness, _ handler: any ReadinessHandler
  ) throws(EventLoopError) -> IOSource {
    assertCurrent()
    let source = IOSource(fd: fd, loop: self, interest: interest, handler: handler)
    let pointer = Unmanaged.passRetained(source).toOpaque()
    guard clinux_epoll_add(epoll, fd, interest.rawValue, pointer) == 0 else {
      let code = errno
      Unmanaged<IOSource>.fromOpaque(pointer).release()
      throw EventLoopError(call: "epoll_ctl", errno: code)
    }
    return source
  }

  /// Calls `target.flushTurn()` in phase 5 of this turn: once, even if this is called more than once before.
  public func flushAtEndOfTurn(_ target: any TurnFlushable) {
    guard !target.isFlushScheduled else { return }
    assertCurrent()
    target.isFlushScheduled = true
    flushTargets.append(target)
  }

  func modify(_ source: IOSource, _ interest: Readiness) throws(EventLoopError) {
    let pointer = Unmanaged.passUnretained(source).toOpaque()
    guard clinux_epoll_modify(epoll, source.fd, interest.rawValue, pointer) == 0 else {
      throw EventLoopError(call: "epoll_ctl", errno: errno)
    }
  }

  func deregister(_ source: IOSource) {
    _ = clinux_epoll_delete(epoll, source.fd)
    cancelledSources.append(source)
    Unmanaged.passUnretained(source).release()
  }

  func schedule(_ timer: LoopTimer, atNanoseconds time: UInt64) {
    assertCurrent()
    let tick = time / Self.nanosecondsPerTick + (time % Self.nanosecondsPerTick == 0 ? 0 : 1)
    timers.insert(timer, tick: tick)
  }

  func unschedule(_ timer: LoopTimer) {
    assertCurrent()
    timers.remove(timer)
  }
}
