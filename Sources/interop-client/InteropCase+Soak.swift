import InteropAPI
import Primitives
import ProtoWire
import RPCCore

/// Many calls, to find what is lost or left over time.
extension InteropCase {
  /// Over one channel.
  func rpcSoak() async throws {
    try await soak { _ in service }
  }

  /// Over a new channel for each call.
  func channelSoak() async throws {
    try await soak { _ in TestServiceClient(try makeChannel()) }
  }

  private func soak(_ client: (_ iteration: Int) throws -> TestServiceClient) async throws {
    let request = SimpleRequest.with {
      $0.responseSize = soak.responseSize
      $0.payload = payload(soak.requestSize)
    }
    let end = Deadline.after(.seconds(soak.overallTimeout))
    var failures = 0
    var made = 0
    while made < soak.iterations, !end.hasPassed {
      let start = MonotonicClock.nanoseconds
      do {
        let answer = try await client(made).unaryCall(request, options: .with { $0.deadline = end })
        try check(answer.payload, soak.responseSize)
        let milliseconds = (MonotonicClock.nanoseconds - start) / 1_000_000
        try check(milliseconds <= UInt64(max(soak.maximumLatency, 0)), "a call took \(milliseconds) ms")
      } catch {
        failures += 1
      }
      made += 1
      let next = Deadline(nanoseconds: start + UInt64(max(soak.minimumTime, 0)) * 1_000_000)
      if !next.hasPassed { try await Task.sleep(for: next.remaining) }
    }
    try check(made == soak.iterations, "\(made) of \(soak.iterations) calls were made in time")
    try check(failures <= soak.maximumFailures, "\(failures) of \(made) calls failed or were too slow")
  }
}
