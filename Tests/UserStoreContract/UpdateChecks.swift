import Testing
import UserService

enum UpdateChecks {
  static let all: [StoreCheck] = [
    StoreCheck("an update changes the fields that it names") { store in
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
      #expect(try await store.update(user.id, respelled, expecting: .any, deadline: nil).email == "Anna@Example.com")
    },

    StoreCheck("an update that is refused changes nothing") { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil)
      let stranger = UserID.random()
      _ = try await store.create(.sample("bob@example.com"), deadline: nil)
      let taken = UserChange(email: try EmailAddress("BOB@example.com"), name: "x")
      let update = { @Sendable (change: UserChange, expecting: VersionCondition, id: UserID) in
        await outcome { _ = try await store.update(id, change, expecting: expecting, deadline: nil) }
      }
      #expect(await update(taken, .any, ann.id) == .refused(.alreadyExists(.email)))
      for change in [UserChange(name: "x"), UserChange()] {
        #expect(await update(change, .exactly(2), ann.id) == .refused(.versionMismatch(ann.id)))
        #expect(await update(change, .never, ann.id) == .refused(.versionMismatch(ann.id)))
        #expect(await update(change, .any, stranger) == .refused(.notFound(stranger)))
      }
      #expect(try await store.update(ann.id, UserChange(), expecting: .exactly(1), deadline: nil) == ann)
      #expect(try await store.find(id: ann.id, deadline: nil) == ann)
    },
  ]
}
