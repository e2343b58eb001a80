import EventLoop
import Logging
import Postgres
import PostgresUserStore
import ProtoWire
import RPCCore
import ServiceTesting
import TestSupport
import Synchronization
import Testing
import UserAPI
import UserService

/// When time runs out or the database is away.
@Suite struct ServiceFaultTests {
  private typealias Methods = UserServiceMethods

  /// A locked table makes every statement slow for as long as the test likes.
  @Test func aDeadlineOfAMillisecond() async throws {
    try await ServiceBench.run(processes: 2) { service, database in
      let user = try await service.create("ann@example.com")
      let lock = Statement("lock", "LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
      let statuses = try await database.clients[1].withTransaction { transaction in
        try await transaction.query(lock)
        return [
          try await service.failure(Methods.getUser, GetUserRequest.with { $0.id = user.id }, timeout: "1m"),
          try await service.failure(Methods.deleteUser, DeleteUserRequest.with { $0.id = user.id }, timeout: "20m"),
          try await service.failure(Methods.listUsers, ListUsersRequest(), timeout: "20m"),
          try await service.failure(Methods.exportUsers, ExportUsersRequest(), timeout: "20m"),
        ]
      }
      for status in statuses {
        #expect(status.code == .deadlineExceeded)
        // Whichever saw it first, the runtime or the store.
        #expect(status.info?.reason == "DEADLINE_EXCEEDED" && status.info?.domain == "user-service")
        #expect(status.message.contains("database") || status.message.contains("request was received"), "\(status)")
      }
      // Connection and pool are as good as before.
      for _ in 0..<20 { #expect(try await service.get(user.id).id == user.id) }
    }
  }

  /// Nothing listens there: each call, read or write, says so at once.
  @Test func noDatabase() async throws {
    let loops = try EventLoopGroup(count: 1, name: "test")
    defer { loops.shutdown() }
    let client = try PostgresClient(
      configuration: PostgresConfiguration(url: "postgresql://nobody@127.0.0.1:1/nothing"), loops: loops,
      logger: .silent)
    client.start()
    let result: Result<Void, any Error>
    do {
      try await ServiceBench.run(PostgresUserStore(client: client), loops: loops) { service in
        let id = "01890a5d-ac96-774b-bcce-b302099a8057"
        let statuses = [
          try await service.failure(Methods.getUser, GetUserRequest.with { $0.id = id }, timeout: "10S"),
          try await service.failure(
            Methods.createUser, CreateUserRequest.with { $0.user = .with { $0.email = "ann@example.com" } },
            timeout: "10S"),
          try await service.failure(Methods.listUsers, ListUsersRequest(), timeout: "10S"),
          try await service.failure(Methods.deleteUser, DeleteUserRequest.with { $0.id = id }, timeout: "10S"),
          try await service.failure(Methods.exportUsers, ExportUsersRequest(), timeout: "10S"),
        ]
        for status in statuses {
          #expect(status.code == .unavailable, "\(status)")
          #expect(status.info?.reason == "DATABASE_UNAVAILABLE" && status.info?.domain == "user-service")
          // Nothing was sent: repeating the call can do no harm.
          #expect(status.info?.metadata == [:])
          #expect(status.retry?.retryDelay?.seconds == 1)
          #expect(!status.message.contains("127.0.0.1"))
        }
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    try result.get()
  }

  /// The server ends all connections while a write waits for a lock: the write is answered, and the next calls are
  /// served.
  @Test func theDatabaseGoesAndComesBack() async throws {
    try await ServiceBench.run(processes: 2) { service, database in
      let user = try await service.create("ann@example.com")
      let lock = Statement("lock", "SELECT 1 FROM users FOR UPDATE")
      // A transaction looks at the same snapshot of pg_stat_activity until it is told to take another.
      let refresh = Statement("refresh", "SELECT pg_stat_clear_snapshot()::text")
      let terminate = Statement(
        "terminate",
        """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
        """)
      let status = try await database.clients[1].withTransaction { transaction in
        try await transaction.query(lock)
        let isAnswered = Atomic(false)
        async let status = {
          defer { isAnswered.store(true, ordering: .relaxed) }
          return try await service.failure(
            Methods.deleteUser, DeleteUserRequest.with { $0.id = user.id }, timeout: "20S")
        }()
        // Again, should the write be between two attempts just then.
        while !isAnswered.load(ordering: .relaxed) {
          try await Task.sleep(nanoseconds: 5_000_000)
          try await transaction.query(refresh)
          try await transaction.query(terminate)
        }
        return try await status
      }
      #expect(status.code == .unavailable, "\(status)")
      #expect(status.info?.reason == "DATABASE_UNAVAILABLE")
      var found: User?
      for _ in 0..<1000 where found == nil {
        do {
          found = try await service.get(user.id)
        } catch let status as CallStatus {
          #expect(status.code == .unavailable, "\(status)")
          try await Task.sleep(nanoseconds: 10_000_000)
        }
      }
      #expect(found == user)
    }
  }
}
