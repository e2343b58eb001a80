import EventLoop
import PostgresUserStore
import TestSupport

extension PostgresBench {
  /// Runs `body` while each process moves events into the feed, as `serve` does, without being nudged.
  func sequencing(_ body: @Sendable () async throws -> Void) async throws {
    let workers = zip(clients, loops.loops).map { client, loop in
      let sequencer = FeedSequencer(client: client, poll: .milliseconds(5))
      return BackgroundWorker("event-sequencer", on: loop, logger: .silent) { try await sequencer.turn() }
    }
    for worker in workers { worker.start() }
    let result: Result<Void, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    for worker in workers { await worker.stop() }
    try result.get()
  }
}
