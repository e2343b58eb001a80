import Glibc
import ProtoWire
import RPCCore
import Testing
import UserAPI

@testable import Postgres
@testable import UserService

@Suite struct ServiceExportTests {
  private static let export = UserServiceMethods.exportUsers

  @Test(arguments: StoreKind.allCases) func nobody(kind: StoreKind) async throws {
    try await ServiceBench.run(kind) { service in
      let users: [User] = try await service.stream(Self.export, ExportUsersRequest())
      #expect(users.isEmpty)
    }
  }

  @Test func thousandsOfUsers() async throws {
    try await ServiceBench.run(.postgres) { service in
      try await service.database?.execute(
        """
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, delete_time, purge_time,
          version)
        SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', 'User ' || n, '{"k": "v"}',
          now(), now(), CASE WHEN n % 10 = 0 THEN now() END, CASE WHEN n % 10 = 0 THEN now() END, 1
        FROM generate_series(1, 5000) n
        """)
      for showDeleted in [false, true] {
        let users: [User] = try await service.stream(
          Self.export, ExportUsersRequest.with { $0.showDeleted = showDeleted })
        #expect(users.count == (showDeleted ? 5000 : 4500))
        #expect(zip(users, users.dropFirst()).allSatisfy { $0.id < $1.id })
        #expect(users.contains { $0.state == .deleted } == showDeleted)
        #expect(users.allSatisfy { $0.labels == ["k": "v"] && $0.name.hasPrefix("User ") })
      }
    }
  }

  /// 6 MB for a reader that does not read: no more is fetched than fits the stream's window, the call's buffer and a
  /// page.
  @Test func waitsForASlowReader() async throws {
    let labels = Dictionary(uniqueKeysWithValues: (0..<8).map { ("k\($0)", String(repeating: "v", count: 250)) })
    let store = InMemoryUserStore()
    for index in 0..<3000 {
      _ = try await store.create(.sample("u\(index)@example.com", labels: labels), deadline: nil)
    }
    let probe = ProbeStore(store)
    try await ServiceBench.run(probe) { service in
      let port = service.port
      let call = try await blocking {
        let call = try SocketCall(port: port, Self.export, message: ExportUsersRequest().wireBytes())
        try call.read { $0.receivedBytes > 10_000 }
        return call
      }
      // Time enough for a server that would not wait.
      try await Task.sleep(nanoseconds: 200_000_000)
      #expect(probe.notes.pages == 1)
      try await blocking { try call.read { _ in false } }
      #expect(try call.status() == nil)
      #expect(try call.messages(as: User.self).count == 3000)
      #expect(probe.notes.pages >= 6)
    }
  }

  /// A client that goes away ends the reading.
  @Test func stopsWhenTheReaderLeaves() async throws {
    let store = InMemoryUserStore()
    for index in 0..<3000 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
    let probe = ProbeStore(store)
    try await ServiceBench.run(probe) { service in
      let port = service.port
      try await blocking {
        let call = try SocketCall(port: port, Self.export, message: ExportUsersRequest().wireBytes())
        try call.read { $0.receivedBytes > 1000 }
      }
      // Served as well as before, and no page more was read than the first reader had room for.
      #expect(try await service.create("ann@example.com").email == "ann@example.com")
      #expect(probe.notes.pages < 6)
    }
  }

  @Test func aDeadlineEndsIt() async throws {
    let store = InMemoryUserStore()
    for index in 0..<3000 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
    try await ServiceBench.run(store) { service in
      let port = service.port
      let status = try await blocking {
        let call = try SocketCall(port: port, Self.export, message: ExportUsersRequest().wireBytes(), timeout: "300m")
        try call.read { $0.receivedBytes > 1000 }
        // Not read until the time is over.
        usleep(400_000)
        try call.read { _ in false }
        return try call.status()
      }
      #expect(status?.code == .deadlineExceeded)
      #expect(status?.message.contains("the client read the export") == true)
    }
  }

  /// Users that come and go while it runs: whoever was there all along comes exactly once.
  @Test func whileUsersComeAndGo() async throws {
    try await ServiceBench.run(.postgres) { service in
      try await service.database?.execute(
        """
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
        SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', '', '{}', now(), now(), 1
        FROM generate_series(1, 3000) n
        """)
      async let export: [User] = service.stream(Self.export, ExportUsersRequest())
      for index in 0..<50 {
        _ = try await service.create("new\(index)@example.com")
      }
      let users = try await export
      let emails = Set(users.map(\.email))
      #expect(emails.count == users.count)
      #expect((1...3000).allSatisfy { emails.contains("u\($0)@example.com") })
    }
  }
}
