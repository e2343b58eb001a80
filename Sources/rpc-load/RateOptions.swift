import ArgumentParser
import RPCLoad

/// How many calls, how fast.
struct RateOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .long], help: ArgumentHelp("The most calls that run at once.", valueName: "count"))
  var concurrency = 50
  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("How many calls to make: 200, or any number if --duration is given.", valueName: "count"))
  var total: Int?
  @Option(
    name: [.customShort("z"), .long], help: ArgumentHelp("For how long to call, such as 10s.", valueName: "duration"))
  var duration: DurationOption?
  @Option(
    help: ArgumentHelp(
      "What happens to the calls that run when the duration is over: wait, close (they count as CANCELLED) or ignore.",
      valueName: "what"))
  var durationStop = LoadPlan.AtEnd.wait
  @Option(
    name: .customLong("warmup"),
    help: ArgumentHelp("For how long to call before the calls count.", valueName: "duration"))
  var warmUp = DurationOption(nanoseconds: 0)
  @Option(
    name: [.customShort("r"), .long],
    help: ArgumentHelp(
      "Calls a second (open loop): latencies then count from when a call was due.", valueName: "rate"))
  var rps: Double?

  @Option(help: ArgumentHelp("How the rate changes: const, step or line.", valueName: "how"))
  var loadSchedule = Schedule.const
  @Option(help: ArgumentHelp("Calls a second at the start.", valueName: "rate"))
  var loadStart = 0.0
  @Option(help: ArgumentHelp("Calls a second at which the rate stays.", valueName: "rate"))
  var loadEnd: Double?
  @Option(help: ArgumentHelp("The change of a step, or of a second of a line.", valueName: "rate"))
  var loadStep: Double?
  @Option(help: ArgumentHelp("The length of a step.", valueName: "duration"))
  var loadStepDuration: DurationOption?
  @Option(help: ArgumentHelp("How long the rate changes.", valueName: "duration"))
  var loadMaxDuration: DurationOption?

  @Option(
    help: ArgumentHelp(
      "In a closed loop, how often each worker should call: a slow call then counts as those too that it delayed.",
      valueName: "duration"))
  var expectedInterval: DurationOption?

  enum Schedule: String, ExpressibleByArgument, CaseIterable { case const, step, line }

  func validate() throws {
    guard concurrency >= 1, concurrency <= 1_000_000 else { throw ValidationError("--concurrency must be at least 1.") }
    if let total, total < 1 { throw ValidationError("--total must be at least 1.") }
    if let duration, duration.nanoseconds == 0 { throw ValidationError("--duration must be above 0.") }
    if let rps, !(rps > 0 && rps.isFinite) { throw ValidationError("--rps must be above 0.") }
    if rps != nil, loadSchedule != .const { throw ValidationError("--rps goes with --load-schedule const only.") }
    if loadSchedule == .const, loadStep != nil || loadEnd != nil || loadMaxDuration != nil {
      throw ValidationError("--load-step, --load-end and --load-max-duration need --load-schedule step or line.")
    }
    if expectedInterval != nil, isOpenLoop {
      throw ValidationError("--expected-interval is for a load without --rps and --load-schedule.")
    }
    _ = try schedule()
  }

  private var isOpenLoop: Bool { rps != nil || loadSchedule != .const }

  /// Nil: a closed loop.
  func schedule() throws -> LoadSchedule? {
    do throws(LoadError) {
      switch loadSchedule {
      case .const: return rps.map { .constant($0) }
      case .step:
        return try .step(
          start: loadStart, step: loadStep ?? 0, end: loadEnd, stepSeconds: loadStepDuration?.seconds ?? 0,
          maximumSeconds: loadMaxDuration?.seconds)
      case .line:
        return try .line(
          start: loadStart, slope: loadStep ?? 0, end: loadEnd, maximumSeconds: loadMaxDuration?.seconds)
      }
    } catch {
      throw ValidationError("\(error).")
    }
  }

  func apply(to plan: inout LoadPlan) throws {
    plan.concurrency = concurrency
    plan.total = total ?? (duration == nil ? 200 : nil)
    plan.duration = duration?.nanoseconds
    plan.atEnd = durationStop
    plan.warmUp = warmUp.nanoseconds
    plan.schedule = try schedule()
    plan.expectedInterval = expectedInterval?.nanoseconds
  }
}

extension LoadPlan.AtEnd: ExpressibleByArgument {}
