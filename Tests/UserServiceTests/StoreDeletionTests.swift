import Testing

@testable import UserService

/// Soft deletion and its way back. https://google.aip.dev/164
@Suite struct StoreDeletionTests {
  @Test(arguments: StoreKind.allCases) func deletesAndBringsBack(kind: StoreKind) async throws {
    try await withStore(kind, retention: .seconds(3600)) { store in
      let user = try await store.create(.sample("ann@example.com", name: "Ann"), deadline: nil)
      let deleted = try await store.delete(user.id, expecting: .exactly(1), deadline: nil)
      let time = try #require(deleted.deleteTime)
      #expect(deleted.purgeTime == time + 3_600_000_000 && deleted.version == 2 && deleted.name == "Ann")
      // It can still be read, by id and by email.
      #expect(try await store.find(id: user.id, deadline: nil) == deleted)
      #expect(try await store.find(email: EmailAddress("ann@example.com"), deadline: nil) == deleted)

      let back = try await store.undelete(user.id, expecting: .exactly(2), deadline: nil)
      #expect(back.deleteTime == nil && back.purgeTime == nil && back.version == 3 && back.name == "Ann")
      #expect(try await store.find(id: user.id, deadline: nil) == back)
    }
  }

  @Test(arguments: StoreKind.allCases) func aDeletedUserKeepsItsIDAndEmail(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil)
      let bob = try await store.create(.sample("bob@example.com"), deadline: nil)
      _ = try await store.delete(ann.id, expecting: .any, deadline: nil)
      #expect(
        await refusal { _ = try await store.create(.sample("Ann@example.com"), deadline: nil) }
          == "USER_ALREADY_EXISTS email")
      #expect(
        await refusal { _ = try await store.create(.sample("new@example.com", id: ann.id), deadline: nil) }
          == "USER_ALREADY_EXISTS id")
      let move = UserChange(email: try EmailAddress("ann@example.com"))
      #expect(
        await refusal { _ = try await store.update(bob.id, move, expecting: .any, deadline: nil) }
          == "USER_ALREADY_EXISTS email")
    }
  }

  @Test(arguments: StoreKind.allCases) func wrongStatesAndEtagsAreRefused(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let id = try await store.create(.sample("ann@example.com"), deadline: nil).id
      let delete = { @Sendable (id: UserID, expecting: VersionCondition) in
        await refusal { _ = try await store.delete(id, expecting: expecting, deadline: nil) }
      }
      let undelete = { @Sendable (id: UserID, expecting: VersionCondition) in
        await refusal { _ = try await store.undelete(id, expecting: expecting, deadline: nil) }
      }
      #expect(await delete(.random(), .any) == "USER_NOT_FOUND id")
      #expect(await undelete(.random(), .any) == "USER_NOT_FOUND id")
      #expect(await undelete(id, .any) == "USER_NOT_DELETED")
      #expect(await delete(id, .exactly(2)) == "ETAG_MISMATCH")
      #expect(await delete(id, .never) == "ETAG_MISMATCH")
      #expect(await delete(id, .any) == "")
      #expect(await delete(id, .any) == "USER_DELETED")
      for change in [UserChange(name: "x"), UserChange()] {
        #expect(
          await refusal { _ = try await store.update(id, change, expecting: .any, deadline: nil) } == "USER_DELETED")
      }
      #expect(await undelete(id, .exactly(1)) == "ETAG_MISMATCH")
      #expect(await undelete(id, .never) == "ETAG_MISMATCH")
      #expect(await undelete(id, .exactly(2)) == "")
    }
  }

  @Test(arguments: StoreKind.allCases) func afterThePurgeTimeThereIsNoWayBack(kind: StoreKind) async throws {
    try await withStore(kind, retention: .zero) { store in
      let id = try await store.create(.sample("ann@example.com"), deadline: nil).id
      _ = try await store.delete(id, expecting: .any, deadline: nil)
      #expect(await refusal { _ = try await store.undelete(id, expecting: .any, deadline: nil) } == "USER_EXPIRED")
    }
  }
}
