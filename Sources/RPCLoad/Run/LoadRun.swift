package import EventLoop
internal import Primitives
internal import RPCClient
internal import Synchronization

/// Makes the calls of a plan.
///
/// ```swift
/// let run = LoadRun(plan, on: loops)
/// let result = try await run.result()
/// ```
package final class LoadRun: Sendable {
  private struct State {
    /// Of the phase that runs: warm-up, or the load itself.
    var share: LoadShare?
    var workers: [Task<Void, Never>] = []
    var lanes: [LoadLane] = []
  }

  private let plan: LoadPlan
  private let loops: [EventLoop]
  /// How far the load is, without its warm-up.
  package let share: LoadShare
  private let state = Mutex(State())

  /// - Parameter loops: a connection belongs to one of them; those that get none do nothing.
  package init(_ plan: LoadPlan, on loops: EventLoopGroup) {
    self.plan = plan
    self.loops = Array(loops.loops.prefix(max(plan.connections, 1)))
    share = LoadShare(total: plan.total)
  }

  /// Connects, warms up, and runs the load until its calls are made or its time is over. Once, and not on one of the
  /// loops.
  /// - Throws: `ChannelError` for a target that is malformed, `EventLoopError` if there are no descriptors left.
  package func result() async throws -> LoadResult {
    let channels = try (0..<max(plan.connections, 1)).map { _ in
      try Channel(plan.target, configuration: plan.configuration)
    }
    defer { for channel in channels { channel.close() } }
    await connect(channels)
    if plan.warmUp > 0, !share.isStopping {
      var warmUp = plan
      warmUp.total = nil
      warmUp.duration = plan.warmUp
      warmUp.atEnd = .ignore
      _ = try await phase(warmUp, LoadShare(total: nil), channels)
    }
    return try await phase(plan, share, channels)
  }

  private func phase(_ plan: LoadPlan, _ share: LoadShare, _ channels: [Channel]) async throws -> LoadResult {
    let start = MonotonicClock.nanoseconds
    var lanes: [LoadLane] = []
    for (index, loop) in loops.enumerated() {
      lanes.append(try await lane(of: plan, share, own(channels, index), on: loop, start: start))
    }
    let workers = (0..<max(plan.concurrency, 1)).map { [lanes] worker in
      let lane = lanes[worker % lanes.count]
      return Task(executorPreference: lane.loop) { await lane.work(worker, index: worker / lanes.count) }
    }
    state.withLock { [lanes] state in
      state.share = share
      state.lanes = lanes
      state.workers = workers
    }
    if self.share.isStopping { stop() }
    for worker in workers { await worker.value }
    let ended = MonotonicClock.nanoseconds
    for lane in lanes { await Self.onLoop(lane.loop) { lane.close() } }
    var recorder = LoadRecorder(isOpenLoop: plan.schedule != nil)
    for lane in lanes { recorder.add(lane.recorder) }
    return LoadResult(plan: plan, recorder: recorder, elapsed: ended - start)
  }

  /// The channels of a loop.
  private func own(_ channels: [Channel], _ loop: Int) -> [Channel] {
    channels.indices.filter { $0 % loops.count == loop }.map { channels[$0] }
  }

  /// Begins no further call. `cutsOff` also cancels those that run. Any thread.
  package func stop(cutsOff: Bool = false) {
    share.stop()
    let (current, lanes) = state.withLock { ($0.share, $0.lanes) }
    current?.stop()
    for lane in lanes { lane.loop.execute { lane.stop() } }
    if cutsOff { cancelWorkers() }
  }

  private func cancelWorkers() {
    for worker in state.withLock({ $0.workers }) { worker.cancel() }
  }

  // MARK: Before the calls

  /// Opens the connections, so that no call waits for one. What can't be opened, the calls will tell.
  private func connect(_ channels: [Channel]) async {
    for (index, loop) in loops.enumerated() {
      let own = own(channels, index)
      await Self.onLoop(loop) { for channel in own { channel.connect() } }
    }
    let limit = MonotonicClock.nanoseconds.saturatingAdd(plan.configuration.connectTimeout.clampedNanoseconds)
    for channel in channels {
      while !share.isStopping, MonotonicClock.nanoseconds < limit {
        let states = await channel.connectivity()
        if states.allSatisfy({ $0 == .ready || $0 == .transientFailure }) { break }
        await Self.pause(.milliseconds(1), on: loops[0])
      }
    }
  }

  private func lane(
    of plan: LoadPlan, _ share: LoadShare, _ channels: [Channel], on loop: EventLoop, start: UInt64
  ) async throws -> LoadLane {
    let made: Result<LoadLane, EventLoopError> = await withUnsafeContinuation { continuation in
      loop.execute { [self] in
        do throws(EventLoopError) {
          let lane = try LoadLane(plan, share, channels: channels, on: loop, start: start) { [weak self] in
            self?.cancelWorkers()
          }
          continuation.resume(returning: .success(lane))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try made.get()
  }

  private static func onLoop(_ loop: EventLoop, _ work: @escaping @Sendable () -> Void) async {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      loop.execute {
        work()
        continuation.resume()
      }
    }
  }

  private static func pause(_ duration: Duration, on loop: EventLoop) async {
    await Task(executorPreference: loop) { try? await LoopSleep.wait(duration, on: loop) }.value
  }
}
