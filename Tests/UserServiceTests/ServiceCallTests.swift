import ProtoWire
import RPCCore
import ServiceTesting
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

/// Every call, in memory, over TCP and over TLS, when all is well.
@Suite struct ServiceCallTests {
  private typealias Methods = UserServiceMethods

  @Test(arguments: TestWire.allCases) func createGetLookup(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(), over: wire) { service in
      let user = try await service.create(" Ann@Example.com", name: " Ann ", labels: ["team": "core"])
      #expect(user.email == "Ann@Example.com" && user.name == "Ann" && user.labels == ["team": "core"])
      #expect(user.state == .active && user.deleteTime == nil && user.purgeTime == nil && !user.etag.isEmpty)
      #expect(user.createTime != nil && user.createTime == user.updateTime)
      // A UUIDv7.
      #expect(user.id.utf8.count == 36 && Array(user.id)[14] == "7")
      #expect(try await service.get(user.id) == user)
      #expect(try await service.get(user.id.uppercased()) == user)
      let lookup = LookupUserRequest.with { $0.email = "ANN@EXAMPLE.COM " }
      #expect(try await service.call(Methods.lookupUser, lookup) == user)
    }
  }

  @Test(arguments: TestWire.allCases) func createWithAChosenID(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(), over: wire) { service in
      let id = "01890A5D-AC96-474B-BCCE-B302099A8057"
      var request = CreateUserRequest.with {
        $0.userID = id
        // Output only: ignored.
        $0.user = .with {
          $0.id = "x"
          $0.email = "ann@example.com"
          $0.state = .deleted
          $0.etag = "x"
        }
        $0.validateOnly = true
      }
      let preview: User = try await service.call(Methods.createUser, request)
      #expect(try await service.failure(Methods.getUser, GetUserRequest.with { $0.id = id }).code == .notFound)
      request.validateOnly = false
      let user: User = try await service.call(Methods.createUser, request)
      #expect(user.id == id.lowercased() && user.state == .active && user.etag != "x")
      #expect(preview.id == user.id && preview.email == user.email && preview.etag == user.etag)
    }
  }

  @Test(arguments: TestWire.allCases) func updateWithMasks(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(), over: wire) { service in
      let user = try await service.create("ann@example.com", name: "Ann", labels: ["a": "b"])
      let update = { @Sendable (paths: [String]?, change: @Sendable (inout User) -> Void) async throws -> User in
        let request = UpdateUserRequest.with {
          $0.user = .with {
            $0.id = user.id
            change(&$0)
          }
          if let paths { $0.updateMask = .with { $0.paths = paths } }
        }
        return try await service.call(Methods.updateUser, request)
      }
      // Only what the mask names.
      let named = try await update(["name"]) {
        $0.name = "Anna"
        $0.email = "ignored@example.com"
        $0.etag = user.etag
      }
      #expect(named.name == "Anna" && named.email == user.email && named.labels == user.labels)
      #expect(named.etag != user.etag && named.createTime == user.createTime)
      // Without a mask: what is not empty.
      let labelled = try await update(nil) { $0.labels = ["c": "d"] }
      #expect(labelled.name == "Anna" && labelled.labels == ["c": "d"])
      // A mask without paths is one that is absent.
      #expect(try await update([]) { $0.name = "Anne" }.name == "Anne")
      // `*` empties what is empty.
      let all = try await update(["*"]) { $0.email = "anna@example.com" }
      #expect(all.email == "anna@example.com" && all.name.isEmpty && all.labels.isEmpty)
      // Nothing to change: the user as it is, and with the same etag.
      #expect(try await update(nil) { _ in } == all)
      #expect(try await service.get(user.id) == all)
    }
  }

  @Test(arguments: TestWire.allCases) func deleteAndUndelete(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(retention: .seconds(60)), over: wire) { service in
      let user = try await service.create("ann@example.com")
      let delete = DeleteUserRequest.with {
        $0.id = user.id
        $0.etag = user.etag
      }
      let deleted: User = try await service.call(Methods.deleteUser, delete)
      let (deleteTime, purgeTime) = (try #require(deleted.deleteTime), try #require(deleted.purgeTime))
      #expect(deleted.state == .deleted && purgeTime.seconds == deleteTime.seconds + 60)
      #expect(purgeTime.nanos == deleteTime.nanos && deleted.etag != user.etag)
      #expect(try await service.get(user.id) == deleted)
      #expect(
        try await service.call(Methods.lookupUser, LookupUserRequest.with { $0.email = user.email }) as User == deleted)
      let undelete = UndeleteUserRequest.with {
        $0.id = user.id
        $0.etag = deleted.etag
      }
      let back: User = try await service.call(Methods.undeleteUser, undelete)
      #expect(back.state == .active && back.deleteTime == nil && back.purgeTime == nil && back.email == user.email)
    }
  }

  @Test(arguments: TestWire.allCases) func list(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(), over: wire) { service in
      var emails: [String] = []
      for index in 0..<7 {
        let user = try await service.create("u\(index * 3 % 7)@example.com")
        emails.append(user.email)
        if index == 6 {
          let _: User = try await service.call(Methods.deleteUser, DeleteUserRequest.with { $0.id = user.id })
        }
      }
      let expected: [(order: String, showDeleted: Bool, emails: [String])] = [
        ("", false, emails.dropLast()), ("create_time desc", true, emails.reversed()), ("email", true, emails.sorted()),
        ("email desc", false, emails.dropLast().sorted().reversed()),
      ]
      for (order, showDeleted, emails) in expected {
        var request = ListUsersRequest.with {
          $0.orderBy = order
          $0.showDeleted = showDeleted
        }
        for size in [0, 1, 3, 1000, Int32.max] {
          request.pageSize = size
          var found: [String] = []
          repeat {
            let page: ListUsersResponse = try await service.call(Methods.listUsers, request)
            found += page.users.map(\.email)
            request.pageToken = page.nextPageToken
          } while !request.pageToken.isEmpty
          #expect(found == emails)
        }
      }
    }
  }

  @Test(arguments: TestWire.allCases) func pageSizes(wire: TestWire) async throws {
    let store = InMemoryUserStore()
    for index in 0..<1001 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
    try await ServiceBench.run(store, over: wire) { service in
      for (asked, given) in [(0, 50), (1, 1), (999, 999), (1000, 1000), (1001, 1000), (Int32.max, 1000)] {
        let page: ListUsersResponse = try await service.call(
          Methods.listUsers, ListUsersRequest.with { $0.pageSize = asked })
        #expect(page.users.count == given && !page.nextPageToken.isEmpty)
      }
    }
  }
}
