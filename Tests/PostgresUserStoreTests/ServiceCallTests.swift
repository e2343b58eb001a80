import ProtoWire
import RPCCore
import ServiceTesting
import Testing
import UserAPI

/// Every call of the service over Postgres, from socket to table and back. What each call does in detail, the tests of
/// the service show over a store in memory, which keeps the same contract.
@Suite struct ServiceCallTests {
  private typealias Methods = UserServiceMethods

  @Test func everyCall() async throws {
    try await ServiceBench.run(retention: .seconds(60)) { service, _ in
      let user = try await service.create(" Ann@Example.com", name: " Ann ", labels: ["team": "core"])
      #expect(user.email == "Ann@Example.com" && user.name == "Ann" && user.labels == ["team": "core"])
      #expect(user.state == .active && user.createTime != nil && user.createTime == user.updateTime)
      #expect(try await service.get(user.id) == user)
      let lookup = LookupUserRequest.with { $0.email = "ANN@EXAMPLE.COM " }
      #expect(try await service.call(Methods.lookupUser, lookup) == user)

      let change = UpdateUserRequest.with {
        $0.user = .with {
          $0.id = user.id
          $0.name = "Anna"
          $0.etag = user.etag
        }
      }
      let changed: User = try await service.call(Methods.updateUser, change)
      #expect(changed.name == "Anna" && changed.email == user.email && changed.labels == user.labels)
      let stale = try await service.failure(Methods.updateUser, change)
      #expect(stale.code == .aborted && stale.info?.reason == "ETAG_MISMATCH")
      #expect(stale.resource?.resourceName == user.id)

      let deleted: User = try await service.call(Methods.deleteUser, DeleteUserRequest.with { $0.id = user.id })
      let (deleteTime, purgeTime) = (try #require(deleted.deleteTime), try #require(deleted.purgeTime))
      #expect(deleted.state == .deleted && purgeTime.seconds == deleteTime.seconds + 60)
      #expect(purgeTime.nanos == deleteTime.nanos)
      let create = CreateUserRequest.with { $0.user = .with { $0.email = user.email } }
      let taken = try await service.failure(Methods.createUser, create)
      #expect(taken.code == .alreadyExists && taken.info?.metadata == ["field": "email"])
      let back: User = try await service.call(Methods.undeleteUser, UndeleteUserRequest.with { $0.id = user.id })
      #expect(back.state == .active && back.deleteTime == nil && back.name == "Anna")

      let page: ListUsersResponse = try await service.call(Methods.listUsers, ListUsersRequest())
      #expect(page.users == [back] && page.nextPageToken.isEmpty)
      #expect(try await service.stream(Methods.exportUsers, ExportUsersRequest()) == [back])
    }
  }
}
