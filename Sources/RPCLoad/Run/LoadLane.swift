internal import EventLoop
internal import Primitives
internal import RPCClient
internal import RPCCore
internal import RPCDynamic

/// The part of a load on one loop: its workers, its connections, and what its calls came to. Belongs to the loop's
/// thread.
// @unchecked Sendable: for its workers' tasks, which run on that thread. What is recorded is read when they have ended.
final class LoadLane: @unchecked Sendable {
  let loop: EventLoop
  private let plan: LoadPlan
  /// The name of the method, for templates.
  private let method: String
  private let share: LoadShare
  private let channels: [Channel]
  private let pacer: LoadPacer?
  /// CLOCK_MONOTONIC when the load began.
  private let start: UInt64
  /// When no further call begins.
  private let end: UInt64
  @exclusivity(unchecked) private(set) var recorder: LoadRecorder
  @exclusivity(unchecked) private var random = SystemRandomNumberGenerator()
  /// Calls `onEnd` when the time is over.
  private var endTimer: LoopTimer?
  /// Of all calls, where all have the same.
  private let options: CallOptions

  /// Loop thread.
  /// - Parameter onEnd: called when the time is over, if calls that still run are to be cancelled then.
  init(
    _ plan: LoadPlan, _ share: LoadShare, channels: [Channel], on loop: EventLoop, start: UInt64,
    onEnd: @escaping @Sendable () -> Void
  ) throws(EventLoopError) {
    self.plan = plan
    method = plan.method.descriptor.description
    self.share = share
    self.channels = channels
    self.loop = loop
    self.start = start
    end = plan.duration.map { start.saturatingAdd($0) } ?? .max
    recorder = LoadRecorder(isOpenLoop: plan.schedule != nil)
    pacer = plan.schedule == nil ? nil : try LoadPacer(on: loop)
    var options = CallOptions()
    if plan.timeout > 0 { options.timeout = .nanoseconds(Int64(clamping: plan.timeout)) }
    self.options = options
    if plan.duration != nil, plan.atEnd != .wait {
      let timer = LoopTimer(on: loop, onEnd)
      timer.schedule(atNanoseconds: end)
      endTimer = timer
    }
  }

  /// Makes calls until there is none to make.
  /// - Parameters:
  ///   - worker: its number among all workers.
  ///   - index: its number among those of the lane.
  nonisolated(nonsending) func work(_ worker: Int, index: Int) async {
    loop.assertCurrent()
    let channel = channels[index % channels.count]
    while let number = share.claim() {
      var due: UInt64?
      if let schedule = plan.schedule {
        guard let offset = schedule.due(call: number) else { return }
        let time = start.saturatingAdd(offset)
        guard time < end else { return }
        if time > MonotonicClock.nanoseconds { await pacer?.sleep(until: time) }
        guard !share.isStopping else { return }
        due = time
      } else if MonotonicClock.nanoseconds >= end {
        return
      }
      await call(TemplateValues(requestNumber: number, worker: worker, method: method), channel, due: due)
    }
  }

  private nonisolated(nonsending) func call(_ values: TemplateValues, _ channel: Channel, due: UInt64?) async {
    let began = MonotonicClock.nanoseconds
    var failure: RPCError?
    do {
      var options = options
      options.metadata = try plan.requests.metadata(values, using: &random)
      try await send(values, options, channel)
    } catch let error as LoadError {
      failure = RPCError(.invalidArgument, "not sent: \(error)")
    } catch {
      failure = RPCError(mapping: error)
    }
    let ended = MonotonicClock.nanoseconds
    if Task.isCancelled, failure?.code == .cancelled, plan.atEnd != .close || share.isStopping {
      recorder.cutOff += 1
      return
    }
    share.callEnded(isError: failure != nil)
    recorder.record(
      .init(due: (due ?? began) - start, began: began - start, ended: ended - start, error: failure),
      countsErrors: plan.countsErrors, expectedInterval: plan.expectedInterval)
  }

  private nonisolated(nonsending) func send(
    _ values: TemplateValues, _ options: CallOptions, _ channel: Channel
  ) async throws {
    let method = plan.method.descriptor
    switch method.kind {
    case .unary:
      let message = try plan.requests.message(values.requestNumber, values, using: &random)
      let _: DiscardedMessage = try await channel.unary(method, message, options)
    case .serverStreaming:
      let message = try plan.requests.message(values.requestNumber, values, using: &random)
      let responses: ResponseStream<DiscardedMessage> = channel.serverStreaming(method, message, options)
      for try await _ in responses { recorder.messages.received += 1 }
    case .clientStreaming:
      let call: ClientStreamingCall<DynamicMessage, DiscardedMessage> = channel.clientStreaming(method, options)
      try await write(to: call.requests, values)
      _ = try await call.response()
    case .bidirectionalStreaming:
      let call: BidirectionalCall<DynamicMessage, DiscardedMessage> = channel.bidirectionalStreaming(method, options)
      async let reading: Int = Self.count(call.responses)
      try await write(to: call.requests, values)
      call.requests.finish()
      recorder.messages.received += try await reading
    }
  }

  private nonisolated(nonsending) func write(
    to requests: RequestWriter<DynamicMessage>, _ values: TemplateValues
  ) async throws {
    guard plan.requests.count > 0 else { return }
    for index in 0..<(plan.streamCount ?? plan.requests.count) {
      if index > 0, plan.streamInterval > 0 {
        try await LoopSleep.wait(.nanoseconds(Int64(clamping: plan.streamInterval)), on: loop)
      }
      guard try await requests.write(try plan.requests.message(index, values, using: &random)) else { return }
      recorder.messages.sent += 1
    }
  }

  private static func count(_ responses: ResponseStream<DiscardedMessage>) async throws -> Int {
    var count = 0
    for try await _ in responses { count += 1 }
    return count
  }

  /// No further call begins.
  func stop() { pacer?.stop() }

  /// To be called before the lane is dropped.
  func close() {
    pacer?.close()
    endTimer = nil
  }
}
