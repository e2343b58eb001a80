import Testing

@testable import UserService

/// What every store must do. Over both, so that tests on the one in memory say something about the real one.
@Suite struct StoreContractTests {
  @Test(arguments: StoreKind.allCases) func createAndFind(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let labels = ["team": "core", "q": "\"\\ \u{1f98a}", "empty": ""]
      let user = try NewUser.sample(" Ann.Lee@Example.COM ", name: "Ann \u{1f98a} Lee", labels: labels)
      let created = try await store.create(user, deadline: nil)
      #expect(created.id == user.id && created.email == "Ann.Lee@Example.COM" && created.name == user.name)
      #expect(created.labels == labels && created.version == 1 && !created.isDeleted)
      #expect(created.createTime == created.updateTime && created.purgeTime == nil)
      #expect(try await store.find(id: user.id, deadline: nil) == created)
      for spelling in ["ann.lee@example.com", "ANN.LEE@EXAMPLE.COM", "\tAnn.lee@example.com\n"] {
        #expect(try await store.find(email: EmailAddress(spelling), deadline: nil) == created)
      }
      #expect(try await store.find(id: .random(), deadline: nil) == nil)
      #expect(try await store.find(email: EmailAddress("annlee@example.com"), deadline: nil) == nil)
    }
  }

  /// Composed, decomposed, upper case: one address. LIKE's wildcards and quotes: only letters.
  @Test(arguments: StoreKind.allCases) func emailsAreComparedInNormalForm(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let user = try await store.create(.sample("J\u{e9}r\u{f4}me@b\u{fc}cher.example"), deadline: nil)
      let other = "JE\u{301}RO\u{302}ME@BU\u{308}CHER.example"
      #expect(try await store.find(email: EmailAddress(other), deadline: nil)?.id == user.id)
      #expect(
        await refusal { _ = try await store.create(.sample(other), deadline: nil) } == "USER_ALREADY_EXISTS email")
      for wildcard in ["%@b\u{fc}cher.example", "_____@b\u{fc}cher.example", "x'or'1'='1@b\u{fc}cher.example"] {
        #expect(try await store.find(email: EmailAddress(wildcard), deadline: nil) == nil)
      }
    }
  }

  @Test(arguments: StoreKind.allCases) func takenIDsAndEmailsAreRefused(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil)
      let sameID = try NewUser.sample("bob@example.com", id: ann.id)
      let sameEmail = try NewUser.sample("ANN@example.com")
      let both = try NewUser.sample("ann@example.com", id: ann.id)
      for (user, field) in [(sameID, "id"), (sameEmail, "email"), (both, "id")] {
        #expect(await refusal { _ = try await store.create(user, deadline: nil) } == "USER_ALREADY_EXISTS \(field)")
        #expect(await refusal { _ = try await store.preview(user, deadline: nil) } == "USER_ALREADY_EXISTS \(field)")
      }
      #expect(try await store.find(id: sameEmail.id, deadline: nil) == nil)
      #expect(try await store.find(id: ann.id, deadline: nil) == ann)
    }
  }

  @Test(arguments: StoreKind.allCases) func previewStoresNothing(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let user = try NewUser.sample("ann@example.com", name: "Ann", labels: ["a": "b"])
      let preview = try await store.preview(user, deadline: nil)
      #expect(preview.id == user.id && preview.name == "Ann" && preview.labels == ["a": "b"] && preview.version == 1)
      #expect(try await store.find(id: user.id, deadline: nil) == nil)
      #expect(try await store.create(user, deadline: nil).createTime >= preview.createTime)
    }
  }

  @Test(arguments: StoreKind.allCases) func updateChangesWhatItNames(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let user = try await store.create(.sample("ann@example.com", name: "Ann", labels: ["a": "b"]), deadline: nil)
      let named = try await store.update(user.id, UserChange(name: "Anna"), expecting: .exactly(1), deadline: nil)
      #expect(named.name == "Anna" && named.email == user.email && named.labels == user.labels && named.version == 2)
      #expect(named.createTime == user.createTime && named.updateTime >= user.updateTime)
      let bare = try await store.update(user.id, UserChange(name: "", labels: [:]), expecting: .any, deadline: nil)
      #expect(bare.name == "" && bare.labels.isEmpty && bare.version == 3)

      let email = UserChange(email: try EmailAddress("anna@example.com"))
      let moved = try await store.update(user.id, email, expecting: .exactly(3), deadline: nil)
      #expect(moved.email == "anna@example.com")
      #expect(try await store.find(email: EmailAddress("ann@example.com"), deadline: nil) == nil)
      #expect(try await store.find(email: EmailAddress("ANNA@example.com"), deadline: nil) == moved)
      // The old address is free, and a user may respell its own.
      _ = try await store.create(.sample("ann@example.com"), deadline: nil)
      let respelled = UserChange(email: try EmailAddress("Anna@Example.com"))
      #expect(
        try await store.update(user.id, respelled, expecting: .any, deadline: nil).email == "Anna@Example.com")
    }
  }

  @Test(arguments: StoreKind.allCases) func refusedUpdatesChangeNothing(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil)
      _ = try await store.create(.sample("bob@example.com"), deadline: nil)
      let taken = UserChange(email: try EmailAddress("BOB@example.com"), name: "x")
      let update = { @Sendable (change: UserChange, expecting: VersionCondition, id: UserID) in
        await refusal { _ = try await store.update(id, change, expecting: expecting, deadline: nil) }
      }
      #expect(await update(taken, .any, ann.id) == "USER_ALREADY_EXISTS email")
      for change in [UserChange(name: "x"), UserChange()] {
        #expect(await update(change, .exactly(2), ann.id) == "ETAG_MISMATCH")
        #expect(await update(change, .never, ann.id) == "ETAG_MISMATCH")
        #expect(await update(change, .any, .random()) == "USER_NOT_FOUND id")
      }
      #expect(try await store.update(ann.id, UserChange(), expecting: .exactly(1), deadline: nil) == ann)
      #expect(try await store.find(id: ann.id, deadline: nil) == ann)
    }
  }
}
