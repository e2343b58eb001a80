import ProtoWire
import RPCCore
import ServiceTesting
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

/// Filters, masks and totals, through a connection.
@Suite struct ServiceFilterTests {
  private typealias Methods = UserServiceMethods

  private static func fill(_ service: ServiceBench) async throws {
    for index in 0..<9 {
      let labels = index % 2 == 0 ? ["team": "core", "a.b": "\(index)"] : [:]
      let user = try await service.create("u\(index)@example.com", name: "User \(index / 3)", labels: labels)
      if index % 4 == 3 {
        let _: User = try await service.call(Methods.deleteUser, DeleteUserRequest.with { $0.id = user.id })
      }
    }
  }

  private static func list(_ service: ServiceBench, _ request: ListUsersRequest) async throws -> [String] {
    var request = request
    request.pageSize = 2
    request.showTotalSize = true
    var found: [String] = []
    repeat {
      let page: ListUsersResponse = try await service.call(Methods.listUsers, request)
      found += page.users.map { String($0.email.prefix(2)) }
      request.pageToken = page.nextPageToken
      if request.pageToken.isEmpty { #expect(Int(page.totalSize) == found.count) }
    } while !request.pageToken.isEmpty
    return found
  }

  @Test(arguments: TestWire.allCases) func lists(wire: TestWire) async throws {
    try await ServiceBench.run(InMemoryUserStore(), over: wire) { service in
      try await Self.fill(service)
      for (filter, order, emails) in [
        ("name = \"User 1*\"", "", ["u4", "u5"]), ("state = DELETED", "email desc", ["u7", "u3"]),
        ("labels.team = core", "", ["u0", "u2", "u4", "u6", "u8"]), ("labels.\"a.b\" = 6", "", ["u6"]),
        ("email = U5@example.com", "", ["u5"]), ("email = U5@example.com AND labels.team = core", "", []),
        ("email = u3@example.com", "", []), ("email = u3@example.com AND state = DELETED", "name", ["u3"]),
        ("email = nobody@example.com", "", []), ("create_time < 1970-01-01T00:00:00Z", "", []),
        ("", "delete_time", ["u3", "u7"]), ("", "update_time desc", ["u8", "u6", "u5", "u4", "u2", "u1", "u0"]),
      ] {
        let request = ListUsersRequest.with {
          $0.filter = filter
          $0.orderBy = order
        }
        #expect(try await Self.list(service, request) == emails, "\(filter) by \(order)")
        let export = ExportUsersRequest.with { $0.filter = filter }
        let exported: [User] = try await service.stream(Methods.exportUsers, export)
        if order != "delete_time" {
          #expect(Set(exported.map { String($0.email.prefix(2)) }) == Set(emails), "\(filter)")
        }
      }
    }
  }

  @Test func refusals() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      try await Self.fill(service)
      var request = ListUsersRequest.with {
        $0.filter = "state = ACTIVE OR name = x"
        $0.readMask = .with { $0.paths = ["nope"] }
        $0.pageSize = -1
      }
      let status = try await service.failure(Methods.listUsers, request)
      #expect(status.code == .invalidArgument && status.fields == ["read_mask.paths[0]", "page_size", "filter"])
      #expect(try status.detail(Google_Rpc_BadRequest.self)?.fieldViolations.last?.reason == "NOT_INDEXED")
      // A token of another filter.
      request = .with {
        $0.pageSize = 1
        $0.filter = "labels.team = core"
      }
      let first: ListUsersResponse = try await service.call(Methods.listUsers, request)
      request.pageToken = first.nextPageToken
      for filter in ["", "labels.team = other", "labels.team = core AND state = DELETED"] {
        request.filter = filter
        #expect(try await service.failure(Methods.listUsers, request).fields == ["page_token"])
      }
      let export = ExportUsersRequest.with {
        $0.filter = "x"
        $0.resumeAfter = "x"
      }
      #expect(try await service.failure(Methods.exportUsers, export).fields == ["resume_after", "filter"])
    }
  }

  @Test func masks() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let user = try await service.create("ann@example.com", name: "Ann", labels: ["a": "b", "c": "d"])
      let mask = Google_Protobuf_FieldMask.with { $0.paths = ["name", "labels.c"] }
      let wanted = User.with {
        $0.name = "Ann"
        $0.labels = ["c": "d"]
      }
      let get = GetUserRequest.with {
        $0.id = user.id
        $0.readMask = mask
      }
      #expect(try await service.call(Methods.getUser, get) == wanted)
      let lookup = LookupUserRequest.with {
        $0.email = user.email
        $0.readMask = mask
      }
      #expect(try await service.call(Methods.lookupUser, lookup) == wanted)
      let list = ListUsersRequest.with { $0.readMask = mask }
      #expect(try await service.call(Methods.listUsers, list, as: ListUsersResponse.self).users == [wanted])
      let exported: [User] = try await service.stream(
        Methods.exportUsers, ExportUsersRequest.with { $0.readMask = mask })
      #expect(exported.map(\.id) == [user.id] && exported.map(\.name) == ["Ann"] && exported.map(\.email) == [""])
      let wrong = GetUserRequest.with { $0.readMask = .with { $0.paths = ["nope"] } }
      #expect(try await service.failure(Methods.getUser, wrong).fields == ["read_mask.paths[0]", "id"])
    }
  }

  /// Each user once, wherever it was interrupted.
  @Test func exportsAreResumed() async throws {
    let store = InMemoryUserStore()
    for index in 0..<1200 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
    try await ServiceBench.run(store) { service in
      let all: [User] = try await service.stream(Methods.exportUsers, ExportUsersRequest())
      for last in [0, 499, 500, 1198, 1199] {
        let rest: [User] = try await service.stream(
          Methods.exportUsers, ExportUsersRequest.with { $0.resumeAfter = all[last].id })
        #expect(rest == Array(all[(last + 1)...]))
      }
    }
  }
}
