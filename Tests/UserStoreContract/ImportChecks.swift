import Testing
import UserService

/// Imports: each chunk once, and what failed is told.
enum ImportChecks {
  private static func chunk(
    _ id: UserID, _ first: Int64, _ emails: [String], failing: [Int64] = []
  ) throws -> ImportChunk {
    var chunk = ImportChunk(importID: id, firstIndex: first)
    for email in emails {
      let index = chunk.endIndex
      chunk.rowCount += 1
      if failing.contains(index) {
        chunk.failures.append(ImportRowFailure(index: index, reason: "R", field: "f", description: "must not"))
      } else {
        let user = try NewUser.sample(email, name: "N", labels: ["n": "\(index)"])
        chunk.rows.append(ImportRow(index: index, user: user, passwordHash: index % 2 == 0 ? "$1$x" : nil))
      }
    }
    return chunk
  }

  static let all: [StoreCheck] = [
    StoreCheck("an import is merged chunk by chunk, with what failed") { store in
      let id = UserID.random()
      #expect(try await store.findImport(id, deadline: nil) == nil)
      let taken = try await store.create(.sample("u3@example.com"), deadline: nil)
      let first = try chunk(id, 0, (0..<5).map { "u\($0)@example.com" }, failing: [1])
      let progress = try await store.merge(first, by: nil, deadline: nil)
      #expect(progress.rowCount == 5 && progress.imported == 3 && progress.failed == 2)
      #expect(
        progress.failures.map(\.index) == [1, 3] && progress.failures.map(\.reason) == ["R", "USER_ALREADY_EXISTS"])
      #expect(progress.failures.map(\.field) == ["f", "email"])
      #expect(try await store.findImport(id, deadline: nil) == progress)
      for row in first.rows where row.index != 3 {
        let user = try await store.find(id: row.user.id, deadline: nil)
        #expect(user?.email == row.user.email.address && user?.labels == row.user.labels && user?.version == 1)
      }
      // The id of another user.
      var second = try chunk(id, 5, ["u5@example.com", "u6@example.com"])
      second.rows[1].user.id = taken.id
      let after = try await store.merge(second, by: nil, deadline: nil)
      #expect(after.rowCount == 7 && after.imported == 4 && after.failures.last == .alreadyExists(.id, at: 6))
      // A chunk of which nothing is left.
      let third = try chunk(id, 7, ["x"], failing: [7])
      #expect(try await store.merge(third, by: nil, deadline: nil).failed == 4)
    },

    StoreCheck("a chunk is merged once") { store in
      let id = UserID.random()
      let first = try chunk(id, 0, ["a@example.com", "b@example.com"])
      let second = try chunk(id, 2, ["c@example.com"])
      let merge = { @Sendable (chunk: ImportChunk) async in
        await outcome { _ = try await store.merge(chunk, by: nil, deadline: nil) }
      }
      #expect(await merge(second) == .refused(.importMoved(id)))
      #expect(await merge(first) == .done)
      #expect(await merge(first) == .done)
      #expect(await merge(second) == .done)
      #expect(await merge(first) == .done)
      let overlapping = try chunk(id, 2, ["c@example.com", "d@example.com"])
      #expect(await merge(overlapping) == .refused(.importMoved(id)))
      let progress = try await store.findImport(id, deadline: nil)
      #expect(progress?.rowCount == 3 && progress?.imported == 3 && progress?.failed == 0)
    },

    StoreCheck("only the first failures are kept") { store in
      let id = UserID.random()
      for first in stride(from: 0 as Int64, to: 1800, by: 600) {
        let rows = (0..<600).map { "u\($0)" }
        let all = try chunk(id, first, rows, failing: Array(first..<(first + 600)))
        _ = try await store.merge(all, by: nil, deadline: nil)
      }
      let progress = try await store.findImport(id, deadline: nil)
      #expect(progress?.failed == 1800 && progress?.failures.map(\.index) == Array(0..<1000))
    },

    .race("one chunk from many streams") { handles in
      let id = UserID.random()
      let shared = try chunk(id, 0, (0..<50).map { "u\($0)@example.com" })
      let outcomes = await handles.race(8) { store, _ in _ = try await store.merge(shared, by: nil, deadline: nil) }
      #expect(outcomes == [.done: 16])
      #expect(try await handles.first.findImport(id, deadline: nil)?.imported == 50)
    },

    // Each email goes to one of them, and the others are told.
    .race("imports of the same users") { handles in
      let outcomes = await handles.race(4) { store, index in
        let emails = (0..<60).map { "u\(index % 2 == 0 ? $0 : 59 - $0)@example.com" }
        _ = try await store.merge(chunk(.random(), 0, emails), by: nil, deadline: nil)
      }
      #expect(outcomes == [.done: 8])
      let query = UserPageQuery(order: UserOrder(.email), limit: 100)
      let page = try await handles.first.page(query, deadline: nil)
      #expect(page.users.count == 60)
    },
  ]
}
