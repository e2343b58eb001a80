import ProtoWire
import RPCCore
import ServiceTesting
import Testing
import UserAPI

@testable import PostgresUserStore
@testable import UserService

/// Lists and exports of the service over Postgres: what tests over a store in memory can't show.
@Suite struct ServiceListTests {
  private typealias Methods = UserServiceMethods

  @Test func aListGoesOnAfterAUserThatIsGone() async throws {
    try await ServiceBench.run(processes: 2) { service, database in
      for index in 0..<4 { _ = try await service.create("u\(index)@example.com") }
      var request = ListUsersRequest.with {
        $0.pageSize = 2
        $0.orderBy = "email"
      }
      let first: ListUsersResponse = try await service.call(Methods.listUsers, request)
      try await database.execute("DELETE FROM users WHERE email = 'u1@example.com'")
      request.pageToken = first.nextPageToken
      let rest: ListUsersResponse = try await service.call(Methods.listUsers, request)
      #expect(rest.users.map(\.email) == ["u2@example.com", "u3@example.com"])
      // Another process goes on where this one was.
      let key = try await PostgresUserStore(client: database.clients[1]).pageTokenKey(deadline: nil)
      let cursor = PageToken.decode(first.nextPageToken, order: UserOrder(.email), showDeleted: false, key: key)
      #expect(cursor == .email("u1@example.com"))
    }
  }

  @Test func withoutAKeyThereIsNoToken() async throws {
    try await ServiceBench.run { service, database in
      for index in 0..<2 { _ = try await service.create("u\(index)@example.com") }
      let request = ListUsersRequest.with { $0.pageSize = 1 }
      for damage in ["UPDATE service_keys SET key = 'short'", "DELETE FROM service_keys"] {
        try await database.execute(damage)
        #expect(try await service.failure(Methods.listUsers, request).info?.reason == "INTERNAL")
      }
      // Who needs no token needs no key.
      let all: ListUsersResponse = try await service.call(Methods.listUsers, ListUsersRequest())
      #expect(all.users.count == 2)
    }
  }

  @Test func thousandsOfUsers() async throws {
    try await ServiceBench.run { service, database in
      try await database.execute(
        """
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, delete_time, purge_time,
          version)
        SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', 'User ' || n, '{"k": "v"}',
          now(), now(), CASE WHEN n % 10 = 0 THEN now() END, CASE WHEN n % 10 = 0 THEN now() END, 1
        FROM generate_series(1, 5000) n
        """)
      for showDeleted in [false, true] {
        let users: [User] = try await service.stream(
          Methods.exportUsers, ExportUsersRequest.with { $0.showDeleted = showDeleted })
        #expect(users.count == (showDeleted ? 5000 : 4500))
        #expect(zip(users, users.dropFirst()).allSatisfy { $0.id < $1.id })
        #expect(users.contains { $0.state == .deleted } == showDeleted)
        #expect(users.allSatisfy { $0.labels == ["k": "v"] && $0.name.hasPrefix("User ") })
      }
    }
  }

  /// Users that come and go while it runs: whoever was there all along comes exactly once.
  @Test func whileUsersComeAndGo() async throws {
    try await ServiceBench.run { service, database in
      try await database.execute(
        """
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
        SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', '', '{}', now(), now(), 1
        FROM generate_series(1, 3000) n
        """)
      async let export: [User] = service.stream(Methods.exportUsers, ExportUsersRequest())
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
