import Testing
import UserService

/// Deletion, and the way back. https://google.aip.dev/164
enum DeletionChecks {
  static let all: [StoreCheck] = [
    StoreCheck("a deleted user can be read, and undeleted", retention: .seconds(3600)) { store in
      let user = try await store.create(.sample("ann@example.com", name: "Ann"), deadline: nil)
      let deleted = try await store.delete(user.id, expecting: .exactly(1), deadline: nil)
      let time = try #require(deleted.deleteTime)
      #expect(deleted.purgeTime == time + 3_600_000_000 && deleted.version == 2 && deleted.name == "Ann")
      #expect(try await store.find(id: user.id, deadline: nil) == deleted)
      #expect(try await store.find(email: EmailAddress("ann@example.com"), deadline: nil) == deleted)

      let back = try await store.undelete(user.id, expecting: .exactly(2), deadline: nil)
      #expect(back.deleteTime == nil && back.purgeTime == nil && back.version == 3 && back.name == "Ann")
      #expect(try await store.find(id: user.id, deadline: nil) == back)
    },

    StoreCheck("a deleted user keeps its id and email") { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil)
      let bob = try await store.create(.sample("bob@example.com"), deadline: nil)
      _ = try await store.delete(ann.id, expecting: .any, deadline: nil)
      #expect(
        await outcome { _ = try await store.create(.sample("Ann@example.com"), deadline: nil) }
          == .refused(.alreadyExists(.email)))
      #expect(
        await outcome { _ = try await store.create(.sample("new@example.com", id: ann.id), deadline: nil) }
          == .refused(.alreadyExists(.id)))
      let move = UserChange(email: try EmailAddress("ann@example.com"))
      #expect(
        await outcome { _ = try await store.update(bob.id, move, expecting: .any, deadline: nil) }
          == .refused(.alreadyExists(.email)))
    },

    StoreCheck("deletions in the wrong state or of another version are refused") { store in
      let id = try await store.create(.sample("ann@example.com"), deadline: nil).id
      let stranger = UserID.random()
      let delete = { @Sendable (id: UserID, expecting: VersionCondition) in
        await outcome { _ = try await store.delete(id, expecting: expecting, deadline: nil) }
      }
      let undelete = { @Sendable (id: UserID, expecting: VersionCondition) in
        await outcome { _ = try await store.undelete(id, expecting: expecting, deadline: nil) }
      }
      #expect(await delete(stranger, .any) == .refused(.notFound(stranger)))
      #expect(await undelete(stranger, .any) == .refused(.notFound(stranger)))
      #expect(await undelete(id, .any) == .refused(.isNotDeleted(id)))
      #expect(await delete(id, .exactly(2)) == .refused(.versionMismatch(id)))
      #expect(await delete(id, .never) == .refused(.versionMismatch(id)))
      #expect(await delete(id, .any) == .done)
      #expect(await delete(id, .any) == .refused(.isDeleted(id)))
      for change in [UserChange(name: "x"), UserChange()] {
        #expect(
          await outcome { _ = try await store.update(id, change, expecting: .any, deadline: nil) }
            == .refused(.isDeleted(id)))
      }
      #expect(await undelete(id, .exactly(1)) == .refused(.versionMismatch(id)))
      #expect(await undelete(id, .never) == .refused(.versionMismatch(id)))
      #expect(await undelete(id, .exactly(2)) == .done)
    },

    StoreCheck("a user can't be undeleted after its purge time", retention: .zero) { store in
      let id = try await store.create(.sample("ann@example.com"), deadline: nil).id
      _ = try await store.delete(id, expecting: .any, deadline: nil)
      #expect(
        await outcome { _ = try await store.undelete(id, expecting: .any, deadline: nil) } == .refused(.isExpired(id)))
    },
  ]
}
