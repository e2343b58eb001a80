import Testing
import UserService

/// Lists of a range, of a label, and of both states.
enum FilterChecks {
  static let all: [StoreCheck] = [
    StoreCheck("a list has the names of its range") { store in
      let names = ["", "An", "Ann", "Ann\u{1}", "Anna", "Anna", "Annb", "ann", "\u{e9}", "\u{1f98a}", "\u{ffff}"]
      for (index, name) in names.enumerated() {
        let user = try await store.create(.sample("u\(index)@example.com", name: name), deadline: nil)
        if index % 3 == 2 { _ = try await store.delete(user.id, expecting: .any, deadline: nil) }
      }
      for (lower, upper) in [("Ann", "Ano"), ("Ann", "Ann\u{1}"), ("\u{e9}", "\u{ea}"), ("B", "A"), ("", "\u{10ffff}")]
      {
        try await check(store, .name, .names(lower, upper)) { user in
          !user.name.utf8.lexicographicallyPrecedes(lower.utf8) && user.name.utf8.lexicographicallyPrecedes(upper.utf8)
        }
      }
    },

    StoreCheck("a list has the times of its range") { store in
      try await fill(store, 25)
      let query = UserPageQuery(order: UserOrder(.createTime), states: .all, limit: 100)
      let users = try await store.page(query, deadline: nil).users
      let times = users.map(\.createTime) + users.map(\.updateTime) + users.compactMap(\.deleteTime)
      let edges = [Int64.min, times.sorted()[times.count / 2], .max]
      for lower in edges {
        for upper in edges {
          var range = TimeRange()
          (range.lower, range.upper) = (lower, upper)
          try await check(store, .createTime, .times(range)) { range.contains($0.createTime) }
          try await check(store, .updateTime, .times(range)) { range.contains($0.updateTime) }
          try await check(store, .deleteTime, .times(range)) { $0.deleteTime.map(range.contains) ?? false }
        }
      }
    },

    StoreCheck("a list has the users of its label, whatever happens to them") { store in
      let label = UserLabel(key: "team/a", value: "core*")
      var ids: [UserID] = []
      for index in 0..<12 {
        let labels = [[:], ["team/a": "core*"], ["team/a": "core*", "x": ""], ["team/a": "core"]][index % 4]
        ids.append(try await store.create(.sample("u\(index)@example.com", labels: labels), deadline: nil).id)
      }
      let set = { @Sendable (id: UserID, labels: [String: String]) async throws in
        _ = try await store.update(id, UserChange(labels: labels), expecting: .any, deadline: nil)
      }
      // Gets it, loses it, keeps it beside a changed one, is deleted, and comes back.
      try await set(ids[0], ["team/a": "core*"])
      try await set(ids[1], [:])
      try await set(ids[2], ["team/a": "core*", "x": "y"])
      _ = try await store.update(ids[2], UserChange(name: "Ann"), expecting: .any, deadline: nil)
      _ = try await store.delete(ids[5], expecting: .any, deadline: nil)
      _ = try await store.delete(ids[6], expecting: .any, deadline: nil)
      _ = try await store.undelete(ids[6], expecting: .any, deadline: nil)
      try await check(store, .createTime, nil, label) { $0.labels["team/a"] == "core*" }
      var range = TimeRange()
      range.lower = try await store.find(id: ids[2], deadline: nil)?.createTime ?? 0
      try await check(store, .createTime, .times(range), label) { [range] in
        $0.labels["team/a"] == "core*" && range.contains($0.createTime)
      }
      try await check(store, .createTime, nil, UserLabel(key: "x", value: "")) { $0.labels["x"] == "" }
      try await check(store, .createTime, nil, UserLabel(key: "core*", value: "team/a")) { _ in false }
    },
  ]

  /// Reads a list in both directions, of each state, by pages of several sizes, and counts it.
  private static func check(
    _ store: any UserStore, _ key: UserOrder.Key, _ range: UserRange?, _ label: UserLabel? = nil,
    _ belongs: (UserRecord) -> Bool
  ) async throws {
    for isDescending in [false, true] {
      for states in UserStates.allCases {
        var query = UserPageQuery(order: UserOrder(key, isDescending: isDescending), states: states, limit: 1000)
        let all = try await readAll(store, query).users.filter(belongs)
        (query.range, query.label) = (range, label)
        for limit in [3, 1000] {
          query.limit = limit
          let users = try await readAll(store, query).users
          #expect(users == all, "\(key) \(isDescending) \(states) \(String(describing: range)) by \(limit)")
        }
        #expect(try await store.count(query, limit: 1000, deadline: nil) == all.count)
      }
    }
  }
}
