import EventLoop
import Logging
import ProtoWire
import RPCCore
import Synchronization
import Testing
import UserAPI

@testable import Postgres
@testable import PostgresUserStore
@testable import UserService

/// When time runs out or the database is away.
@Suite struct ServiceFaultTests {
  private typealias Methods = UserServiceMethods

  /// A locked table makes every statement slow for as long as the test likes.
  @Test func aDeadlineOfAMillisecond() async throws {
    try await ServiceBench.run(.postgres, processes: 2) { service in
      let database = try #require(service.database)
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

  @Test func deadlinesReachTheStore() async throws {
    let probe = ProbeStore()
    let handlers = UserServiceHandlers(store: probe)
    let deadline = Deadline.after(.seconds(100))
    let context = ServerContext(method: Methods.getUser, deadline: deadline)
    let email = User.with { $0.email = "ann@example.com" }
    _ = try await handlers.createUser(.with { ($0.user, $0.validateOnly) = (email, true) }, context: context)
    let user = try await handlers.createUser(.with { $0.user = email }, context: context)
    _ = try await handlers.getUser(.with { $0.id = user.id }, context: context)
    _ = try await handlers.lookupUser(.with { $0.email = user.email }, context: context)
    _ = try await handlers.listUsers(ListUsersRequest(), context: context)
    _ = try await handlers.updateUser(.with { $0.user = user }, context: context)
    _ = try await handlers.exportUsers(ExportUsersRequest(), responses: ResponseWriter { _ in }, context: context)
    _ = try await handlers.deleteUser(.with { $0.id = user.id }, context: context)
    _ = try await handlers.undeleteUser(.with { $0.id = user.id }, context: context)
    #expect(probe.notes.deadlines == Array(repeating: deadline.nanoseconds, count: 9))
  }

  /// Nothing listens there: each call, read or write, says so at once.
  @Test func noDatabase() async throws {
    let loops = try EventLoopGroup(count: 1, name: "test")
    defer { loops.shutdown() }
    let client = try PostgresClient(
      configuration: PostgresConfiguration(url: "postgresql://nobody@127.0.0.1:1/nothing"), loops: loops,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
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
    try await ServiceBench.run(.postgres, processes: 2) { service in
      let database = try #require(service.database)
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

  /// The one table from database errors to statuses.
  @Test(arguments: [
    (PostgresError.Code.cancelled, StatusCode.cancelled, "CANCELLED"),
    (.deadlineExceeded, .deadlineExceeded, "DEADLINE_EXCEEDED"),
    (.queryCancelled, .deadlineExceeded, "DEADLINE_EXCEEDED"),
    (.timedOut, .unavailable, "DATABASE_UNAVAILABLE"),
    (.unavailable, .unavailable, "DATABASE_UNAVAILABLE"), (.connectionLost, .unavailable, "DATABASE_UNAVAILABLE"),
    (.connectionFailed, .unavailable, "DATABASE_UNAVAILABLE"), (.shutDown, .unavailable, "DATABASE_UNAVAILABLE"),
    (.serverShuttingDown, .unavailable, "DATABASE_UNAVAILABLE"),
    (.serverStarting, .unavailable, "DATABASE_UNAVAILABLE"),
    (.readOnlyServer, .unavailable, "DATABASE_READ_ONLY"), (.queueFull, .resourceExhausted, "DATABASE_OVERLOADED"),
    (.tooManyConnections, .resourceExhausted, "DATABASE_OVERLOADED"),
    (.insufficientResources, .resourceExhausted, "DATABASE_OVERLOADED"),
    (.serializationFailure, .aborted, "CONCURRENT_CHANGE"), (.deadlockDetected, .aborted, "CONCURRENT_CHANGE"),
    (.transactionRolledBack, .aborted, "CONCURRENT_CHANGE"), (.lockNotAvailable, .aborted, "CONCURRENT_CHANGE"),
    (.undefinedObject, .internal, "INTERNAL"), (.insufficientPrivilege, .internal, "INTERNAL"),
    (.uniqueViolation, .internal, "INTERNAL"), (.decodingFailed, .internal, "INTERNAL"),
  ])
  func databaseErrors(code: PostgresError.Code, status: StatusCode, reason: String) {
    let error = UserServiceError.database(PostgresError(code, "secret words", isSafeToRetry: false)).rpcError
    #expect(error.code == status && error.reason == reason && error.info?.domain == "user-service")
    #expect(!error.message.contains("secret"))
    #expect((error.cause != nil) == (status == .internal))
    let mayHaveHappened = status == .unavailable || status == .deadlineExceeded
    #expect((error.info?.metadata["outcome"] == "unknown") == mayHaveHappened)
  }
}
