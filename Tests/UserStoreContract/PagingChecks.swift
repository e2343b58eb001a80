import TestSupport
import Testing
public import UserService

enum PagingChecks {
  static let all: [StoreCheck] =
    [
      StoreCheck("every order lists all users, sorted") { store in
        #expect(try await store.page(UserPageQuery(order: UserOrder(.email), limit: 1), deadline: nil).users.isEmpty)
        try await fill(store, 25)
        for order in orders {
          for states in UserStates.allCases {
            let count = count(order, states)
            for limit in [1, 7, count - 1, count, count + 1, .max] {
              let query = UserPageQuery(order: order, states: states, limit: limit)
              let (users, pages) = try await readAll(store, query)
              #expect(users.count == count && Set(users.map(\.id)).count == count)
              #expect(users.allSatisfy { states.contains(isDeleted: $0.isDeleted) })
              #expect(try await store.count(query, limit: 100, deadline: nil) == count)
              #expect(try await store.count(query, limit: 3, deadline: nil) == min(3, count))
              if count == 0 { continue }
              for (left, right) in zip(users, users.dropFirst()) {
                #expect(try precedes(left, right, by: order.key) != order.isDescending)
              }
              // Full pages, and no empty one at the end.
              #expect(pages.dropLast().allSatisfy { $0 == limit } && pages.last != 0)
            }
          }
        }
      },

      StoreCheck("a page ends at its size in bytes") { store in
        let labels = ["k": String(repeating: "v", count: 250)]
        for index in 0..<10 {
          _ = try await store.create(.sample("u\(index)@example.com", labels: labels), deadline: nil)
        }
        for (byteLimit, first) in [(1, 1), (1300, 3), (1 << 20, 10)] {
          let query = UserPageQuery(order: UserOrder(.email), limit: 100, byteLimit: byteLimit)
          let (users, pages) = try await readAll(store, query)
          #expect(users.map(\.email) == (0..<10).map { "u\($0)@example.com" })
          #expect(pages.first == first)
        }
      },
    ] + orders.filter { $0.key != .deleteTime }.map { stability(of: $0) }

  /// How many of the 25 users of `fill` a list has.
  private static func count(_ order: UserOrder, _ states: UserStates) -> Int {
    switch states {
    case .live: order.key == .deleteTime ? 0 : 20
    case .all: order.key == .deleteTime ? 5 : 25
    case .deleted: 5
    }
  }

  /// A user that exists from the first page to the last is listed exactly once, whoever is created and deleted
  /// meanwhile.
  private static func stability(of order: UserOrder) -> StoreCheck {
    let name = "pages by \(order.key)\(order.isDescending ? ", descending," : "") stay stable while users come and go"
    return StoreCheck(name) { store in
      var stable: Set<UserID> = []
      var fleeting: [UserID] = []
      for index in 0..<20 {
        let user = try await store.create(.sample("m\(index * 37 % 20)@example.com"), deadline: nil)
        if index % 4 == 3 { fleeting.append(user.id) } else { stable.insert(user.id) }
      }
      var seen: [UserID] = []
      var query = UserPageQuery(order: order, limit: 3)
      repeat {
        let page = try await store.page(query, deadline: nil)
        seen += page.users.map(\.id)
        query.cursor = page.next
        // Before, between and behind the others. One leaves, perhaps the very user that the cursor names.
        for mailbox in ["a", "m5x", "z"] {
          _ = try await store.create(.sample("\(mailbox)\(seen.count)@example.com"), deadline: nil)
        }
        if let id = fleeting.popLast() { _ = try await store.delete(id, expecting: .any, deadline: nil) }
        // By creation time, new users are last, and the list has no end.
      } while query.cursor != nil && seen.count < 100
      #expect(Set(seen).count == seen.count)
      #expect(stable.isSubset(of: seen))
    }
  }

  private static let orders = UserOrder.Key.allCases.flatMap { [UserOrder($0), UserOrder($0, isDescending: true)] }

  private static func precedes(_ left: UserRecord, _ right: UserRecord, by key: UserOrder.Key) throws -> Bool {
    switch key {
    case .createTime: (left.createTime, left.id) < (right.createTime, right.id)
    case .updateTime: (left.updateTime, left.id) < (right.updateTime, right.id)
    case .deleteTime: (left.deleteTime ?? 0, left.id) < (right.deleteTime ?? 0, right.id)
    case .name:
      left.name.utf8.elementsEqual(right.name.utf8)
        ? left.id < right.id : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    case .id: left.id < right.id
    case .email:
      try EmailAddress(left.email).normalForm.utf8.lexicographicallyPrecedes(EmailAddress(right.email).normalForm.utf8)
    }
  }
}

/// All users of a list, read page by page, and how large the pages were.
public func readAll(
  _ store: any UserStore, _ query: UserPageQuery
) async throws -> (users: [UserRecord], pages: [Int]) {
  var query = query
  var (users, pages): ([UserRecord], [Int]) = ([], [])
  repeat {
    let page = try await store.page(query, deadline: nil)
    users += page.users
    pages.append(page.users.count)
    query.cursor = page.next
    guard pages.count < 1000 else { throw TestFailure("the list has no end") }
  } while query.cursor != nil
  return (users, pages)
}

/// Creates users, every fifth of them deleted. Their emails sort differently by bytes than in a dictionary.
public func fill(_ store: any UserStore, _ count: Int) async throws {
  for index in 0..<count {
    let mailbox = ["z", "Z", "a-", "a.", "a_", "\u{e9}", "\u{1f98a}"][index % 7] + "\(index * 7919 % 101)"
    let user = try await store.create(
      .sample("\(mailbox)@example.com", name: "\(mailbox.first ?? "-")\(index % 3)"), deadline: nil)
    if index % 5 == 0 { _ = try await store.delete(user.id, expecting: .any, deadline: nil) }
  }
}
