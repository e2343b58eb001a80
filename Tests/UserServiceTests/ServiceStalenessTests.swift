import ProtoWire
import RPCCore
import ServiceTesting
import Synchronization
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

/// Reads that allow an age.
@Suite struct ServiceStalenessTests {
  private typealias Methods = UserServiceMethods

  @Test func onlyReadsThatAllowItGoToACopy() async throws {
    let (old, new) = (InMemoryUserStore(), InMemoryUserStore())
    let user = try NewUser.sample("ann@example.com", name: "Old")
    _ = try await old.create(user, deadline: nil)
    var renamed = user
    renamed.name = "New"
    _ = try await new.create(renamed, deadline: nil)
    try await ServiceBench.run(ReplicatedStore(new, copy: old, age: .seconds(10))) { service in
      let names = { @Sendable (staleness: Google_Protobuf_Duration?) async throws -> [String] in
        let get: User = try await service.call(
          Methods.getUser,
          GetUserRequest.with { ($0.id, $0.maxStaleness) = (user.id.description, staleness) })
        let lookup: User = try await service.call(
          Methods.lookupUser, LookupUserRequest.with { ($0.email, $0.maxStaleness) = (user.email.address, staleness) })
        let list: ListUsersResponse = try await service.call(
          Methods.listUsers, ListUsersRequest.with { $0.maxStaleness = staleness })
        let batch: BatchGetUsersResponse = try await service.call(
          Methods.batchGetUsers,
          BatchGetUsersRequest.with { ($0.ids, $0.maxStaleness) = ([user.id.description], staleness) })
        return [get.name, lookup.name] + list.users.map(\.name) + batch.users.map(\.name)
      }
      for (seconds, name) in [(nil, "New"), (0, "New"), (9, "New"), (10, "Old")] as [(Int64?, String)] {
        let staleness = seconds.map { seconds in Google_Protobuf_Duration.with { $0.seconds = seconds } }
        let found = try await names(staleness)
        #expect(found == Array(repeating: name, count: 4))
      }
      let negative = GetUserRequest.with {
        $0.id = user.id.description
        $0.maxStaleness = .with { $0.nanos = -1 }
      }
      let refused = try await service.failure(Methods.getUser, negative)
      #expect(refused.fields == ["max_staleness"])
    }
  }

  /// A copy that fails costs nobody an answer.
  @Test func theStoreAnswersForACopyThatFails() async throws {
    let store = InMemoryUserStore()
    let user = try await store.create(.sample("ann@example.com"), deadline: nil)
    try await ServiceBench.run(ReplicatedStore(store, copy: nil, age: .zero)) { service in
      let get = GetUserRequest.with {
        $0.id = user.id.description
        $0.maxStaleness = .with { $0.seconds = 1 }
      }
      let found: User = try await service.call(Methods.getUser, get)
      #expect(found.email == user.email)
    }
  }
}
