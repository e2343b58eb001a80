import EventLoop
import Synchronization
import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

/// The feed of events on a real Postgres: what locks, late commits and lost histories do to it. What every store's feed
/// must do, `EventChecks` say.
@Suite struct FeedTests {
  private static func count(_ table: String, _ bench: PostgresBench) async throws -> Int64 {
    try await bench.clients[0].query(Statement("test_count_\(table)", "SELECT count(*) FROM \(table)"))[0][0].int64
  }

  /// All events after a position, of which there are fewer than a page has.
  private static func events(_ store: PostgresUserStore, after position: FeedPosition) async throws -> [UserEvent] {
    try await store.events(after: position, limit: 1000, deadline: nil).events
  }

  /// Trap 32: an event of a low id that is committed late is not missed.
  @Test func lateCommitsAreNotMissed() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let store = PostgresUserStore(client: bench.clients[0]), sequencer = FeedSequencer(client: bench.clients[0])
      let early = try await store.create(.sample("early@example.com"), deadline: nil).id
      let late = try await store.create(.sample("late@example.com"), deadline: nil).id
      _ = try await sequencer.move()
      let begin = try await store.lastEvent(deadline: nil)
      try await bench.clients[1].withTransaction { transaction in
        let parameters: [PostgresValue] = [
          .uuid(late.high, late.low), .null, .null, .null, .null, .text("x"), .null, .textArray(["name"]),
        ]
        let updated = try await transaction.query(UserSQL.update, parameters).count
        // Has the higher id, and is committed first.
        _ = try await store.update(early, UserChange(name: "y"), expecting: .any, deadline: nil)
        let moved = try await sequencer.move()
        let seen = try await Self.events(store, after: begin).map(\.userID)
        #expect(updated == 1 && moved == 1 && seen == [early])
      }
      #expect(try await sequencer.move() == 1)
      #expect(try await Self.events(store, after: begin).map(\.userID) == [early, late])
      #expect(try await Self.count("user_events", bench) == 0)
    }
  }

  /// A second sequencer does not wait for the first, and moves nothing twice.
  @Test func oneProcessMovesAtATime() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let begin = try await store.lastEvent(deadline: nil)
      _ = try await store.create(.sample("ann@example.com"), deadline: nil)
      try await bench.clients[1].withTransaction { transaction in
        let (locked, moved) = (
          try await transaction.query(FeedSQL.lockHead).count, try await FeedSequencer(client: bench.clients[0]).move()
        )
        #expect(locked == 1 && moved == 0)
      }
      #expect(try await FeedSequencer(client: bench.clients[0]).move() == 1)
      for index in 0..<2500 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
      let total = try await withThrowingTaskGroup(of: Int.self) { group in
        for client in bench.clients {
          group.addTask {
            var count = 0
            while try await Self.count("user_events", bench) > 0 {
              count += try await FeedSequencer(client: client, notifies: false).move()
            }
            return count
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(total == 2500)
      var (position, numbers) = (begin, [Int64]())
      while true {
        let page = try await store.events(after: position, limit: 500, deadline: nil)
        if page.events.isEmpty { break }
        numbers += page.events.map(\.position.number)
        position = page.end
      }
      #expect(numbers.elementsEqual((1...2501).map { begin.number + $0 }))
    }
  }

  /// A nudge wakes a sequencer that rests, once; and it tells that it has moved.
  @Test func nudges() async throws {
    try await PostgresBench.run { bench in
      let sequencer = FeedSequencer(client: bench.clients[0], poll: .seconds(3600))
      let wakes = Mutex(0), moves = Mutex(0)
      sequencer.onNudge { wakes.withLock { $0 += 1 } }
      sequencer.onMove { moves.withLock { $0 += 1 } }
      let store = PostgresUserStore(client: bench.clients[0], onWrite: { sequencer.nudge() })
      // It has not looked yet, and does so anyway.
      _ = try await store.create(.sample("a@example.com"), deadline: nil)
      #expect(wakes.withLock { $0 } == 0)
      #expect(try await sequencer.turn() < .seconds(1) && moves.withLock { $0 } == 1)
      #expect(try await sequencer.turn() == .seconds(3600))
      for index in 0..<3 { _ = try await store.create(.sample("b\(index)@example.com"), deadline: nil) }
      #expect(wakes.withLock { $0 } == 1)
      // Refused writes have no events.
      #expect(try await sequencer.turn() < .seconds(1))
      #expect(try await sequencer.turn() == .seconds(3600))
      _ = await outcome { _ = try await store.create(.sample("a@example.com"), deadline: nil) }
      #expect(wakes.withLock { $0 } == 1 && moves.withLock { $0 } == 2)
    }
  }

  /// A session that holds the head for long does not make it try without pause.
  @Test func restsLongerWhileOthersHoldTheHead() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let sequencer = FeedSequencer(client: bench.clients[0], poll: .seconds(2))
      _ = try await store.create(.sample("a@example.com"), deadline: nil)
      let rests = try await bench.clients[1].withTransaction { transaction in
        try await transaction.query(FeedSQL.lockHead)
        var rests: [Duration] = []
        for _ in 0..<12 { rests.append(try await sequencer.turn()) }
        return rests
      }
      #expect(rests == rests.sorted() && rests[0] < .milliseconds(100) && rests[11] == .seconds(2))
      #expect(try await sequencer.turn() < .milliseconds(100))
      #expect(try await Self.count("user_events", bench) == 0)
    }
  }

  /// A failover that lost commits, or a restore: the same numbers stand for other events then.
  @Test func aHistoryThatWasLostIsNotContinued() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0]), sequencer = FeedSequencer(client: bench.clients[0])
      _ = try await store.create(.sample("kept@example.com"), deadline: nil)
      _ = try await sequencer.move()
      let kept = try await store.lastEvent(deadline: nil)
      try await bench.execute(
        "CREATE TABLE old_feed AS TABLE user_feed; CREATE TABLE old_head AS TABLE user_feed_head")
      _ = try await store.create(.sample("lost@example.com"), deadline: nil)
      _ = try await sequencer.move()
      let lost = try await store.lastEvent(deadline: nil)
      try await bench.execute(
        """
        TRUNCATE user_feed, user_feed_head; INSERT INTO user_feed TABLE old_feed;
        INSERT INTO user_feed_head TABLE old_head
        """)
      let isGone = { @Sendable in
        await outcome { _ = try await store.events(after: lost, limit: 1, deadline: nil) } == .refused(.eventsGone)
      }
      #expect(await isGone())
      // And not when the number is reached again.
      let new = try await store.create(.sample("new@example.com"), deadline: nil).id
      _ = try await sequencer.move()
      #expect(try await store.lastEvent(deadline: nil).number == lost.number)
      #expect(await isGone())
      #expect(try await Self.events(store, after: kept).map(\.userID) == [new])
    }
  }

  @Test func oldEventsAreRemoved() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0]), sequencer = FeedSequencer(client: bench.clients[0])
      let begin = try await store.lastEvent(deadline: nil)
      for index in 0..<3 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
      _ = try await sequencer.move()
      let events = try await Self.events(store, after: begin)
      #expect(try await FeedPruning(client: bench.clients[0], retention: .seconds(3600)).removeBatch() == 0)
      // The beginning and two events; the last one stays.
      #expect(try await FeedPruning(client: bench.clients[0], retention: .zero).removeBatch() == 3)
      #expect(try await Self.count("user_feed", bench) == 1)
      let gone = StoreOutcome.refused(.eventsGone)
      #expect(await outcome { _ = try await store.events(after: begin, limit: 9, deadline: nil) } == gone)
      #expect(await outcome { _ = try await store.events(after: events[1].position, limit: 9, deadline: nil) } == gone)
      #expect(try await Self.events(store, after: events[2].position).isEmpty)
    }
  }

  /// Whoever holds a row removed by hand must not learn of it as "nothing happened".
  @Test func gapsAreNoticed() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let begin = try await store.lastEvent(deadline: nil)
      for index in 0..<4 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
      _ = try await FeedSequencer(client: bench.clients[0]).move()
      try await bench.execute("DELETE FROM user_feed WHERE position = \(begin.number + 3)")
      let events = try await Self.events(store, after: begin)
      #expect(events.map(\.position.number) == [begin.number + 1, begin.number + 2])
      #expect(
        await outcome { _ = try await store.events(after: events[1].position, limit: 9, deadline: nil) }
          == .refused(.eventsGone))
    }
  }

  /// The purge is the service's own doing.
  @Test func usersWhoseTimeHasComeLeaveAnEvent() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0], retention: .zero)
      let begin = try await store.lastEvent(deadline: nil)
      let id = try await store.create(.sample("ann@example.com"), deadline: nil).id
      _ = try await store.delete(id, expecting: .any, by: Author(id: "ops"), deadline: nil)
      #expect(try await UserPurge(client: bench.clients[0]).removeBatch() == 1)
      _ = try await FeedSequencer(client: bench.clients[0]).move()
      let events = try await Self.events(store, after: begin)
      #expect(events.map(\.kind) == [.created, .deleted, .purged] && events.map(\.version) == [1, 2, 3])
      #expect(events.map(\.author) == [nil, Author(id: "ops"), nil])
    }
  }

  /// Erasing leaves nothing that says more of the user than its id.
  @Test func erasingLeavesNothingPersonal() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let accounts = PostgresAccountStore(client: bench.clients[0])
      let user = NewUser(
        id: .random(), email: try EmailAddress("secret.address@example.com"), name: "Secret Name",
        labels: ["k": "secretlabel"])
      _ = try await store.create(user, deadline: nil)
      _ = try await accounts.setPassword(of: user.id, hash: "secrethash", expecting: nil, keeping: nil, deadline: nil)
      let change = UserChange(email: try EmailAddress("other.secret@example.com"))
      _ = try await store.update(user.id, change, expecting: .any, deadline: nil)
      _ = try await FeedSequencer(client: bench.clients[0]).move()
      try await store.purge(user.id, expecting: .any, by: nil, deadline: nil)
      let tables = try await bench.clients[0].query(
        Statement("test_tables", "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"))
      var checked: Set<String> = []
      for table in tables {
        let name = try table[0].text
        let found = Statement(
          "test_search_\(name)", "SELECT count(*) FROM \"\(name)\" t WHERE t::text ILIKE '%secret%'")
        #expect(try await bench.clients[0].query(found)[0][0].int64 == 0, "\(name)")
        checked.insert(name)
      }
      #expect(checked.isSuperset(of: ["users", "accounts", "sessions", "user_events", "user_feed"]))
    }
  }

  /// Trap 43: only the sequencer notifies.
  @Test func writesDoNotNotify() {
    for statement in [UserSQL.update, UserSQL.delete, UserSQL.undelete, UserSQL.purge, PurgeSQL.delete] {
      #expect(!statement.sql.lowercased().contains("notify"))
    }
    #expect(!UserSQL.insert.statement.sql.lowercased().contains("notify"))
  }
}
