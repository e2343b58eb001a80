import ProtoWire
import RPCCore
import ServiceTesting
import TestPeer
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

/// ImportUsers and SyncUsers, through a connection.
@Suite struct ServiceImportTests {
  private typealias Methods = UserServiceMethods

  private static func request(_ email: String, import id: String = "", first: Int64 = 0) -> ImportUsersRequest {
    .with {
      $0.importID = id
      $0.firstIndex = first
      $0.user = .with { $0.email = email }
    }
  }

  private static func send(
    _ service: ServiceBench, _ requests: [ImportUsersRequest]
  ) async throws -> UserImport {
    let messages: [UserImport] = try await service.send(Methods.importUsers, requests)
    return try #require(messages.first)
  }

  @Test(arguments: TestWire.allCases) func imports(wire: TestWire) async throws {
    let store = InMemoryUserStore()
    try await ServiceBench.run(store, over: wire) { service in
      let id = UserID.random().description
      var requests = (0..<4500).map { Self.request("u\($0)@example.com", import: $0 == 0 ? id : "") }
      requests[7].user?.email = "no at"
      requests[8].user?.passwordHash = "plain"
      requests[9].user?.labels = ["ann@example.com": "x"]
      requests[10].user?.email = "u3@example.com"
      requests[4400].user?.email = "U5@example.com"
      requests[11].user = nil
      let done = try await Self.send(service, requests)
      #expect(done.id == id && done.rowCount == 4500 && done.failedCount == 6 && done.importedCount == 4494)
      #expect(done.failures.map(\.index) == [7, 8, 9, 10, 11, 4400])
      #expect(
        done.failures.map(\.reason) == [
          "INVALID_FORMAT", "INVALID_FORMAT", "INVALID_CHARACTER", "USER_ALREADY_EXISTS", "REQUIRED",
          "USER_ALREADY_EXISTS",
        ])
      #expect(done.failures.map(\.field) == ["email", "password_hash", "labels", "email", "user", "email"])
      #expect(try await service.call(Methods.getImport, GetImportRequest.with { $0.id = id }) == done)
      // Sent again, whole and in part: nothing happens.
      #expect(try await Self.send(service, requests) == done)
      let rest = [Self.request("u4499@example.com", import: id, first: 4499), Self.request("new@example.com")]
      let more = try await Self.send(service, rest)
      #expect(more.rowCount == 4501 && more.importedCount == 4495 && more.failedCount == 6)
      let query = UserPageQuery(order: UserOrder(.id), limit: 10_000)
      #expect(try await store.page(query, deadline: nil).users.count == 4495)
    }
  }

  @Test func refusals() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      #expect(try await service.sendFailing(Methods.importUsers, [ImportUsersRequest]()).fields == ["user"])
      let wrong = Self.request("a@example.com", import: "x", first: -1)
      #expect(try await service.sendFailing(Methods.importUsers, [wrong]).fields == ["first_index", "import_id"])
      let late = try await service.sendFailing(Methods.importUsers, [Self.request("a@example.com", first: 1)])
      #expect(late.code == .outOfRange && late.info?.reason == "IMPORT_INCOMPLETE")
      let unknown = GetImportRequest.with { $0.id = UserID.random().description }
      #expect(try await service.failure(Methods.getImport, unknown).info?.reason == "IMPORT_NOT_FOUND")
    }
  }

  @Test(arguments: TestWire.allCases) func syncs(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(), over: wire) { service in
      let ann = try await service.create("ann@example.com", name: "Ann", labels: ["a": "1"])
      let chosen = UserID.random().description
      func request(_ change: (inout User) -> Void, mask: [String] = []) -> SyncUsersRequest {
        .with {
          $0.user = .with(change)
          if !mask.isEmpty { $0.updateMask = .with { $0.paths = mask } }
        }
      }
      let requests = [
        request { ($0.email, $0.name) = ("ANN@example.com", "Anna") },
        request { ($0.email, $0.name) = ("ANN@example.com", "Anna") },
        request { ($0.id, $0.email) = (chosen, "bob@example.com") },
        request({ ($0.id, $0.labels) = (ann.id, [:]) }, mask: ["labels"]),
        request { $0.email = "no at" },
        request { ($0.id, $0.etag) = (ann.id, ann.etag) },
        request { $0.id = UserID.random().description },
        request { ($0.id, $0.name) = (chosen, "Bob") },
        request { $0.email = "bob@example.com" },
      ]
      let responses: [SyncUsersResponse] = try await service.send(Methods.syncUsers, requests)
      #expect(responses.map(\.index) == Array(0..<9))
      #expect(
        responses.map(\.action) == [
          .updated, .unchanged, .created, .updated, .failed, .failed, .failed, .updated, .unchanged,
        ])
      #expect(responses[1].user?.name == "Anna" && responses[1].user?.id == ann.id)
      #expect(responses[2].user?.id == chosen && responses[3].user?.labels == [:])
      #expect(responses[4].error?.fields == ["user.email"] && responses[4].error?.code == 3)
      #expect(responses[5].error?.reason == "ETAG_MISMATCH" && responses[6].error?.fields == ["user.email"])
      #expect(responses[7].user?.name == "Bob" && responses[8].user == responses[7].user)
      // Sent again it is as it was.
      let again: [SyncUsersResponse] = try await service.send(Methods.syncUsers, [requests[3], requests[7]])
      #expect(again.map(\.action) == [.unchanged, .unchanged])
    }
  }

  /// A client that waits for each answer before it sends the next request.
  @Test func syncAnswersBeforeTheEnd() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let call = try await service.open(Methods.syncUsers)
      for index in 0..<5 {
        let request = SyncUsersRequest.with { $0.user = .with { $0.email = "u\(index)@example.com" } }
        try await call.send(bytes: request.wireBytes(), end: false)
        let response = try SyncUsersResponse(wireBytes: try #require(try await call.next()))
        #expect(response.index == Int64(index) && response.action == .created)
      }
      try await call.send(body: [], end: true)
      #expect(try await call.finish().failure() == nil)
    }
  }
}
