import ProtoWire
import RPCCore
import ServiceTesting
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

/// Batches, request ids and single labels, through a connection.
@Suite struct ServiceBatchTests {
  private typealias Methods = UserServiceMethods

  private static func creation(_ email: String, id: String = "") -> CreateUserRequest {
    .with {
      $0.user = .with { $0.email = email }
      $0.userID = id
    }
  }

  @Test(arguments: TestWire.allCases) func batches(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(), over: wire) { service in
      let emails = (0..<100).map { "u\($0)@example.com" }
      let created: BatchCreateUsersResponse = try await service.call(
        Methods.batchCreateUsers, BatchCreateUsersRequest.with { $0.requests = emails.map { Self.creation($0) } })
      #expect(created.users.map(\.email) == emails)
      let get = BatchGetUsersRequest.with {
        $0.ids = created.users.map(\.id).reversed()
        $0.readMask = .with { $0.paths = ["email"] }
      }
      let found: BatchGetUsersResponse = try await service.call(Methods.batchGetUsers, get)
      #expect(found.users == emails.reversed().map { email in User.with { $0.email = email } })
      let update = BatchUpdateUsersRequest.with {
        $0.requests = created.users.prefix(3).map { user in
          .with {
            $0.user = .with {
              $0.id = user.id
              $0.name = user.email
              $0.etag = user.etag
            }
          }
        }
      }
      let updated: BatchUpdateUsersResponse = try await service.call(Methods.batchUpdateUsers, update)
      #expect(updated.users.map(\.name) == Array(emails.prefix(3)))
      let stale = try await service.failure(Methods.batchUpdateUsers, update)
      #expect(stale.code == .aborted && stale.info?.reason == "ETAG_MISMATCH" && stale.info?.metadata["index"] == "0")
    }
  }

  @Test func everyErrorNamesItsIndex() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let ann = try await service.create("ann@example.com")
      let taken = BatchCreateUsersRequest.with {
        $0.requests = ["bob@example.com", "ANN@example.com"].map { Self.creation($0) }
      }
      var status = try await service.failure(Methods.batchCreateUsers, taken)
      #expect(status.code == .alreadyExists && status.info?.metadata == ["index": "1", "field": "email"])
      let invalid = BatchCreateUsersRequest.with {
        var second = Self.creation("no at", id: "x")
        second.validateOnly = true
        second.requestID = ann.id
        $0.requests = [Self.creation("bob@example.com"), second, CreateUserRequest()]
      }
      status = try await service.failure(Methods.batchCreateUsers, invalid)
      #expect(
        status.fields == [
          "requests[1].validate_only", "requests[1].request_id", "requests[1].user_id", "requests[1].user.email",
          "requests[2].user",
        ])
      let stranger = UserID.random().description
      status = try await service.failure(
        Methods.batchGetUsers, BatchGetUsersRequest.with { $0.ids = [ann.id, stranger] })
      #expect(status.code == .notFound && status.info?.metadata["index"] == "1")
      #expect(status.resource?.resourceName == stranger)
      let twice = BatchUpdateUsersRequest.with {
        let request = UpdateUserRequest.with { $0.user = .with { $0.id = ann.id } }
        $0.requests = [request, request]
      }
      #expect(try await service.failure(Methods.batchUpdateUsers, twice).fields == ["requests[1].user.id"])
      // Nothing was done.
      #expect(try await service.call(Methods.listUsers, ListUsersRequest(), as: ListUsersResponse.self).users == [ann])
    }
  }

  @Test func batchesHaveLimits() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      for count in [0, 101, 5000] {
        let id = UserID.random().description
        let get = BatchGetUsersRequest.with { $0.ids = Array(repeating: id, count: count) }
        let unread = try await service.failure(Methods.batchGetUsers, get)
        #expect(unread.fields == ["ids"])
        let create = BatchCreateUsersRequest.with {
          $0.requests = (0..<count).map { Self.creation("u\($0)@example.com") }
        }
        let refused = try await service.failure(Methods.batchCreateUsers, create)
        #expect(refused.fields == ["requests"])
      }
    }
  }

  @Test(arguments: TestWire.allCases) func aRequestIDCreatesOnce(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(), over: wire) { service in
      var request = Self.creation("ann@example.com")
      request.requestID = UserID.random().description
      request.user?.labels = ["a": "1", "b": "2", "c": "3"]
      let user: User = try await service.call(Methods.createUser, request)
      for _ in 0..<5 { #expect(try await service.call(Methods.createUser, request) == user) }
      request.requestID = request.requestID.uppercased()
      #expect(try await service.call(Methods.createUser, request) == user)
      // Any other field makes it another request.
      for change in [
        { $0.user?.name = "Ann" }, { $0.user?.email = "Ann@example.com" }, { $0.user?.labels["a"] = "2" },
        { $0.userID = UserID.random().description },
      ] as [(inout CreateUserRequest) -> Void] {
        var other = request
        change(&other)
        let status = try await service.failure(Methods.createUser, other)
        #expect(status.code == .alreadyExists && status.info?.reason == "REQUEST_ID_REUSED")
      }
      request.requestID = UserID.random().description
      #expect(try await service.failure(Methods.createUser, request).info?.reason == "USER_ALREADY_EXISTS")
      request.requestID = "x"
      #expect(try await service.failure(Methods.createUser, request).fields == ["request_id"])
    }
  }

  @Test func singleLabels() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let user = try await service.create("ann@example.com", labels: ["a": "1", "b": "2", "c/d": "3"])
      var update = UpdateUserRequest.with {
        $0.user = .with {
          $0.id = user.id
          $0.labels = ["a": "new", "ignored": "x"]
        }
        $0.updateMask = .with { $0.paths = ["labels.a", "labels.`c/d`"] }
      }
      #expect(try await service.call(Methods.updateUser, update, as: User.self).labels == ["a": "new", "b": "2"])
      update.updateMask?.paths = ["labels.a", "labels"]
      #expect(try await service.failure(Methods.updateUser, update).fields == ["update_mask.paths"])
      update.updateMask?.paths = (0..<65).map { "labels.k\($0)" }
      update.user?.labels = Dictionary(uniqueKeysWithValues: (0..<64).map { ("k\($0)", "v") })
      let status = try await service.failure(Methods.updateUser, update)
      #expect(status.code == .invalidArgument && status.info?.reason == "TOO_MANY_LABELS")
    }
  }
}
