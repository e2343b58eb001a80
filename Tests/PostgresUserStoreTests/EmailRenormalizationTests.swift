import Logging
import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

/// The migration of emails that the version before stored, in normal forms of its own.
@Suite struct EmailRenormalizationTests {
  private static func migrate(_ bench: PostgresBench, through version: Int = .max) async throws {
    let migrations = UserMigrations.all.filter { $0.version <= version }
    try await Migrator(client: bench.clients[0], migrations: migrations, logger: .silent).run()
  }

  /// A database of the version before, with users in the normal forms that it gave them: lower case and NFC.
  private static func run(
    _ users: [(email: String, form: String)], _ body: @escaping @Sendable (PostgresBench, [UserID]) async throws -> Void
  ) async throws {
    try await PostgresBench.run(migrates: false) { bench in
      try await migrate(bench, through: 2)
      // In the order of their ids.
      let ids = (1...users.count).map { UserID(high: 1, low: UInt64($0)) }
      for start in stride(from: 0, to: users.count, by: 400) {
        let rows = (start..<min(start + 400, users.count)).map {
          "('\(ids[$0])', '\(users[$0].email)', '\(users[$0].form)', '', '{}', now(), now(), 1)"
        }
        try await bench.execute(
          """
          INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
          VALUES \(rows.joined(separator: ", "))
          """)
      }
      try await body(bench, ids)
    }
  }

  private static func forms(_ bench: PostgresBench) async throws -> [String] {
    try await bench.clients[0].query(Statement("test: forms", "SELECT email_normalized FROM users ORDER BY id"))
      .map { try $0[0].text }
  }

  private static func conflicts(_ bench: PostgresBench) async throws -> EmailConflicts {
    let forms = try await forms(bench)
    do {
      try await migrate(bench)
    } catch let conflicts as EmailConflicts {
      #expect(try await self.forms(bench) == forms || conflicts.changed > 0)
      #expect(!conflicts.description.contains("@"))
      return conflicts
    }
    throw TestFailure("the migration met no conflict")
  }

  @Test func everyEmailGetsItsNormalForm() async throws {
    // More than a batch of each kind, and what differs in nothing between them.
    var users = (0..<1100).map { ("Ü\($0)@München.de", "ü\($0)@münchen.de") }
    users += [
      ("Ann@Example.com", "ann@example.com"), ("jörg@example.com", "jörg@example.com"), ("ΣΙΣ@x.org", "σισ@x.org"),
      ("σις@y.org", "σις@y.org"), ("WEIẞ@x.org", "weiß@x.org"), ("a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de"),
      ("我@例子.公司", "我@例子.公司"),
    ]
    try await Self.run(users) { [users] bench, ids in
      try await Self.migrate(bench)
      #expect(try await Self.forms(bench) == users.map { try EmailAddress($0.0).normalForm })
      let store = PostgresUserStore(client: bench.clients[0])
      for (index, spelling) in [(7, "ü7@MÜNCHEN.de"), (1102, "σις@x.org"), (1103, "ΣΙΣ@y.org"), (1104, "weiss@x.org")] {
        let user = try #require(try await store.find(email: EmailAddress(spelling), deadline: nil))
        // Neither what the user wrote nor the version changed.
        #expect(user.id == ids[index] && user.email == users[index].0 && user.version == 1)
      }
      let again = try await bench.clients[0].withConnection { try await EmailRenormalization(on: $0).run() }
      #expect(again == 0)
    }
  }

  @Test func collisionsAreReportedAndNothingChanges() async throws {
    let users = [
      ("a@münchen.de", "a@münchen.de"), ("a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de"),
      // Neither has the form that both will have.
      ("ﬁß@x.org", "ﬁß@x.org"), ("fiß@x.org", "fiß@x.org"), ("b@münchen.de", "b@münchen.de"),
      ("c\u{3164}@x.org", "c\u{3164}@x.org"), ("d@🦊.org", "d@🦊.org"), ("e\u{37e}@x.org", "e;@x.org"),
    ]
    try await Self.run(users) { bench, ids in
      let conflicts = try await Self.conflicts(bench)
      #expect(Set(conflicts.shared) == [[ids[0], ids[1]], [ids[2], ids[3]]])
      #expect(conflicts.refused.map(\.id) == [ids[5], ids[6], ids[7]])
      #expect(conflicts.sharedCount == 4 && conflicts.refusedCount == 3)
      for id in [0, 1, 2, 3, 5, 6, 7] { #expect(conflicts.description.contains(ids[id].description)) }
      #expect(!conflicts.description.contains(ids[4].description))
      // What the report tells to do.
      for (id, email) in [(1, "a2@x.org"), (3, "f3@x.org"), (6, "d@x.org"), (7, "e@x.org")] {
        try await bench.execute(
          "UPDATE users SET email = '\(email)', email_normalized = '\(email)' WHERE id = '\(ids[id])'")
      }
      try await bench.execute("DELETE FROM users WHERE id = '\(ids[5])'")
      try await Self.migrate(bench)
      let forms = [
        "a@xn--mnchen-3ya.de", "a2@x.org", "fiss@x.org", "f3@x.org", "b@xn--mnchen-3ya.de", "d@x.org", "e@x.org",
      ]
      #expect(try await Self.forms(bench) == forms)
    }
  }

  @Test func aReportHasAnEnd() async throws {
    let users = (0..<300).map { ("a\u{3164}\($0)@x.org", "a\u{3164}\($0)@x.org") }
    try await Self.run(users) { bench, _ in
      let conflicts = try await Self.conflicts(bench)
      #expect(conflicts.refused.count == EmailConflicts.listed && conflicts.refusedCount == 300)
      #expect(conflicts.description.contains("300 users") && conflicts.description.contains("and 200 more"))
    }
  }

  /// Somebody takes an email between the look at all and the change of the last.
  @Test func whoTakesAnEmailMeanwhileIsReported() async throws {
    let users = (0..<150).map { ("ü\($0)@x\($0).münchen.de", "ü\($0)@x\($0).münchen.de") }
    try await Self.run(users) { bench, ids in
      let taker = UserID(high: 2, low: 2)
      try await bench.execute(
        """
        CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
          VALUES ('\(taker)', 'taken', 'ü149@x149.xn--mnchen-3ya.de', '', '{}', now(), now(), 1) ON CONFLICT DO NOTHING;
          RETURN NULL;
        END $$;
        CREATE TRIGGER take AFTER UPDATE ON users FOR EACH STATEMENT EXECUTE FUNCTION take();
        """)
      let conflicts = try await Self.conflicts(bench)
      #expect(conflicts.shared == [[ids[149], taker]] && conflicts.changed == 149)
      try await bench.execute("DELETE FROM users WHERE id = '\(taker)'; DROP FUNCTION take CASCADE")
      try await Self.migrate(bench)
      #expect(try await Self.forms(bench).last == "ü149@x149.xn--mnchen-3ya.de")
    }
  }

  /// A change of the email that comes between stays.
  @Test func whatChangesMeanwhileIsLeftAlone() async throws {
    let users = (0..<150).map { ("ü\($0)@münchen.de", "ü\($0)@münchen.de") }
    try await Self.run(users) { bench, ids in
      try await bench.execute(
        """
        CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          UPDATE users SET email = 'moved@x.org', email_normalized = 'moved@x.org' WHERE id = '\(ids[149])';
          RETURN NULL;
        END $$;
        CREATE TRIGGER move AFTER UPDATE ON users FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
          EXECUTE FUNCTION move();
        """)
      try await Self.migrate(bench)
      let forms = try await Self.forms(bench)
      #expect(forms.last == "moved@x.org" && forms.first == "ü0@xn--mnchen-3ya.de")
    }
  }
}
