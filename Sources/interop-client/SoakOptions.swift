import ArgumentParser

/// How long the soak cases last, and what they forgive.
struct SoakOptions: ParsableArguments, Sendable {
  @Option(name: .customLong("soak_iterations"), help: "Calls that a soak case makes.")
  var iterations = 10

  @Option(name: .customLong("soak_max_failures"), help: "Calls that may fail or be too slow.")
  var maximumFailures = 0

  @Option(
    name: .customLong("soak_per_iteration_max_acceptable_latency_ms"), help: "Milliseconds that a call may take.")
  var maximumLatency = 1000

  @Option(name: .customLong("soak_overall_timeout_seconds"), help: "Seconds that all calls may take together.")
  var overallTimeout = 60

  @Option(name: .customLong("soak_min_time_ms_between_rpcs"), help: "Milliseconds from one call's start to the next's.")
  var minimumTime = 0

  @Option(name: .customLong("soak_request_size"), help: "Bytes of a request's payload.")
  var requestSize: Int32 = 271_828

  @Option(name: .customLong("soak_response_size"), help: "Bytes of a response's payload.")
  var responseSize: Int32 = 314_159
}
