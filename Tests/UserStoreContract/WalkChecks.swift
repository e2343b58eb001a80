import TestSupport
import Testing
import UserService

/// Random calls, compared with the store in memory.
enum WalkChecks {
  static let all: [StoreCheck] = [
    StoreCheck("random calls end as in memory") { store in
      let model = InMemoryUserStore()
      let seed = UInt64.random(in: 0 ... .max)
      var random = SeededGenerator(seed: seed)
      let ids = (0..<4).map { _ in UserID.random() }
      for step in 0..<400 {
        let call = try Call.random(of: ids, using: &random)
        let (found, expected) = (await call.result(on: store), await call.result(on: model))
        #expect(found == expected, "step \(step) of seed \(seed): \(call)")
      }
      for key in [UserOrder.Key.email, .id, .name] {
        let query = UserPageQuery(order: UserOrder(key), showDeleted: true, limit: 3)
        let (found, expected) = (try await readAll(store, query), try await readAll(model, query))
        #expect(found.users.map(Contents.init) == expected.users.map(Contents.init), "seed \(seed)")
      }
    }
  ]

  /// What a user holds, without the times, which differ from store to store.
  private struct Contents: Equatable, Sendable {
    let id: UserID
    let email: String
    let name: String
    let labels: [String: String]
    let isDeleted: Bool
    let version: Int64

    init(_ user: UserRecord) {
      (id, email, name, labels) = (user.id, user.email, user.name, user.labels)
      (isDeleted, version) = (user.isDeleted, user.version)
    }
  }

  private struct Result: Equatable, Sendable {
    var outcome: StoreOutcome
    var user: Contents?
  }

  private enum Call: Sendable {
    case create(NewUser)
    case preview(NewUser)
    case find(UserID)
    case findEmail(EmailAddress)
    case update(UserID, UserChange, VersionCondition)
    case delete(UserID, VersionCondition)
    case undelete(UserID, VersionCondition)
    case purge(UserID, VersionCondition)

    static func random(of ids: [UserID], using random: inout SeededGenerator) throws -> Call {
      let id = ids[Int.random(in: 0..<ids.count, using: &random)]
      let spelling = ["ann", "Ann", "bob", "BOB", "cid"][Int.random(in: 0..<5, using: &random)]
      let email = try EmailAddress("\(spelling)@example.com")
      let name = "\(Int.random(in: 0..<10, using: &random))"
      let condition: VersionCondition =
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .never
        case 1, 2: .exactly(Int64.random(in: 1...6, using: &random))
        default: .any
        }
      switch Int.random(in: 0..<11, using: &random) {
      case 0, 1: return .create(NewUser(id: id, email: email, name: name, labels: ["n": name]))
      case 2: return .preview(NewUser(id: id, email: email, name: name, labels: [:]))
      case 3: return .find(id)
      case 4: return .findEmail(email)
      case 5: return .update(id, UserChange(email: email), condition)
      case 6: return .update(id, UserChange(name: name), condition)
      case 7: return .update(id, UserChange(labels: ["m": name]), condition)
      case 8: return .delete(id, condition)
      case 9: return .undelete(id, condition)
      default: return .purge(id, condition)
      }
    }

    func result(on store: any UserStore) async -> Result {
      var user: UserRecord?
      let ending = await outcome { user = try await make(on: store) }
      return Result(outcome: ending, user: user.map(Contents.init))
    }

    private func purge(
      _ id: UserID, _ condition: VersionCondition, on store: any UserStore
    ) async throws -> UserRecord? {
      try await store.purge(id, expecting: condition, by: nil, deadline: nil)
      return nil
    }

    private func make(on store: any UserStore) async throws -> UserRecord? {
      switch self {
      case .create(let user): try await store.create(user, deadline: nil)
      case .preview(let user): try await store.preview(user, deadline: nil)
      case .find(let id): try await store.find(id: id, deadline: nil)
      case .findEmail(let email): try await store.find(email: email, deadline: nil)
      case .update(let id, let change, let condition):
        try await store.update(id, change, expecting: condition, deadline: nil)
      case .delete(let id, let condition): try await store.delete(id, expecting: condition, deadline: nil)
      case .undelete(let id, let condition): try await store.undelete(id, expecting: condition, deadline: nil)
      case .purge(let id, let condition): try await purge(id, condition, on: store)
      }
    }
  }
}
