import Synchronization
import TestSupport
import Testing

@testable import Postgres

/// LISTEN, over a connection of its own.
@Suite struct ListenerTests {
  /// Counts what it hears.
  private final class Ear: Sendable {
    private let count = Atomic(0)
    func hear() { count.wrappingAdd(1, ordering: .relaxed) }
    var heard: Int { count.load(ordering: .relaxed) }
  }

  @Test func hearsWhatIsNotified() async throws {
    try await Bench.run { bench in
      let ear = Ear(), listener = bench.client.listener(on: "listener_test", onNotification: { ear.hear() })
      listener.start()
      // It begins with one, because something may have been missed before.
      try await bench.until("it listens") { ear.heard == 1 }
      try bench.admin.run("NOTIFY listener_test")
      try await bench.until("it hears") { ear.heard == 2 }
      // Of another channel nothing; the next one of its own shows that.
      try bench.admin.run("NOTIFY other_test")
      try bench.admin.run("NOTIFY listener_test")
      try await bench.until("it hears") { ear.heard == 3 }
      // What comes from transactions that are not committed is not notified.
      try bench.admin.run("BEGIN; NOTIFY listener_test; ROLLBACK")
      try bench.admin.run("NOTIFY listener_test")
      try await bench.until("it hears") { ear.heard == 4 }
      await listener.stop()
    }
  }

  @Test func listensAgainWhenItsConnectionIsLost() async throws {
    try await Bench.run { bench in
      let ear = Ear(), listener = bench.client.listener(on: "listener_lost", onNotification: { ear.hear() })
      listener.start()
      try await bench.until("it listens") { ear.heard == 1 }
      for round in 2...3 {
        try bench.admin.run(
          """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = '\(bench.name)' AND query = 'LISTEN listener_lost'
          """)
        try await bench.until("it listens again") { ear.heard == round }
      }
      try bench.admin.run("NOTIFY listener_lost")
      try await bench.until("it hears") { ear.heard == 4 }
      await listener.stop()
    }
  }

  @Test func stopsWhateverItDoes() async throws {
    try await Bench.run { bench in
      for _ in 0..<10 {
        let listener = bench.client.listener(on: "listener_stop", onNotification: {})
        listener.start()
        await listener.stop()
        await listener.stop()
      }
      let never = bench.client.listener(on: "listener_stop", onNotification: {})
      await never.stop()
      let count = Statement(
        "test_listeners", "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN listener_stop'")
      try await bench.until("no connection is left") { try await bench.client.query(count)[0][0].int64 == 0 }
    }
  }
}
