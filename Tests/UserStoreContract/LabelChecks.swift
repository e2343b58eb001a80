import Testing
import UserService

/// Labels that are changed one by one.
enum LabelChecks {
  private static func change(_ set: [String: String], removing removed: Set<String> = []) -> UserChange {
    var change = UserChange()
    (change.setLabels, change.removedLabels) = (set, removed)
    return change
  }

  static let all: [StoreCheck] = [
    StoreCheck("single labels are set and removed") { store in
      let user = try await store.create(.sample("ann@example.com", labels: ["a": "1", "b": "2"]), deadline: nil)
      let update = { @Sendable (change: UserChange) async throws in
        try await store.update(user.id, change, expecting: .any, deadline: nil)
      }
      let changed = try await update(change(["c": "3", "a": "\"{}"], removing: ["b", "x"]))
      #expect(changed.labels == ["a": "\"{}", "c": "3"] && changed.version == 2)
      #expect(try await update(change([:], removing: ["a"])).labels == ["c": "3"])
      var both = change(["d": ""], removing: ["e"])
      (both.labels, both.name) = (["e": "5", "f": "6"], "Ann")
      let all = try await update(both)
      #expect(all.labels == ["d": "", "f": "6"] && all.name == "Ann")
      #expect(try await store.find(id: user.id, deadline: nil) == all)
      let stranger = UserID.random()
      let lost = await outcome {
        _ = try await store.update(stranger, change(["a": "b"]), expecting: .any, deadline: nil)
      }
      #expect(lost == .refused(.notFound(stranger)))
    },

    StoreCheck("single labels can't exceed what a user may have") { store in
      let labels = Dictionary(uniqueKeysWithValues: (0..<63).map { ("k\($0)", "v") })
      let user = try await store.create(.sample("ann@example.com", labels: labels), deadline: nil)
      let update = { @Sendable (change: UserChange) async in
        await outcome { _ = try await store.update(user.id, change, expecting: .any, deadline: nil) }
      }
      #expect(await update(change(["a": "", "b": ""])) == .refused(.tooManyLabels(user.id)))
      #expect(await update(change(["a": "", "k0": "new"])) == .done)
      #expect(await update(change(["b": ""])) == .refused(.tooManyLabels(user.id)))
      #expect(await update(change(["b": ""], removing: ["a"])) == .done)
      let batch = await outcome {
        _ = try await store.update([UserUpdate(user.id, change(["c": ""]), expecting: .any)], deadline: nil)
      }
      #expect(batch == .refusedItem(0, .tooManyLabels(user.id)))
    },

    // None of them is lost.
    .race("different labels at the same time") { handles in
      let user = try await handles.first.create(.sample("ann@example.com"), deadline: nil)
      let outcomes = await handles.race(20) { store, index in
        _ = try await store.update(user.id, change(["k\(index)": "\(index)"]), expecting: .any, deadline: nil)
      }
      #expect(outcomes == [.done: 40])
      let labels = try await handles.second.find(id: user.id, deadline: nil)?.labels
      #expect(labels == Dictionary(uniqueKeysWithValues: (0..<40).map { ("k\($0)", "\($0)") }))
    },
  ]
}
