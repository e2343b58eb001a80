import Testing
import UserService

enum CreationChecks {
  static let all: [StoreCheck] = [
    StoreCheck("a user is found by id and by email") { store in
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
    },

    // Composed, decomposed, upper case: one address. LIKE's wildcards and quotes: only letters.
    StoreCheck("emails are compared in their normal form") { store in
      let user = try await store.create(.sample("J\u{e9}r\u{f4}me@b\u{fc}cher.example"), deadline: nil)
      let other = "JE\u{301}RO\u{302}ME@BU\u{308}CHER.example"
      #expect(try await store.find(email: EmailAddress(other), deadline: nil)?.id == user.id)
      #expect(
        await outcome { _ = try await store.create(.sample(other), deadline: nil) } == .refused(.alreadyExists(.email)))
      for wildcard in ["%@b\u{fc}cher.example", "_____@b\u{fc}cher.example", "x'or'1'='1@b\u{fc}cher.example"] {
        #expect(try await store.find(email: EmailAddress(wildcard), deadline: nil) == nil)
      }
    },

    StoreCheck("an id or email that is taken is refused") { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil)
      let sameID = try NewUser.sample("bob@example.com", id: ann.id)
      let sameEmail = try NewUser.sample("ANN@example.com")
      let both = try NewUser.sample("ann@example.com", id: ann.id)
      let cases: [(NewUser, StoreRefusal.UniqueField)] = [(sameID, .id), (sameEmail, .email), (both, .id)]
      for (user, field) in cases {
        let refused = StoreOutcome.refused(.alreadyExists(field))
        #expect(await outcome { _ = try await store.create(user, deadline: nil) } == refused)
        #expect(await outcome { _ = try await store.preview(user, deadline: nil) } == refused)
      }
      #expect(try await store.find(id: sameEmail.id, deadline: nil) == nil)
      #expect(try await store.find(id: ann.id, deadline: nil) == ann)
    },

    StoreCheck("a preview stores nothing") { store in
      let user = try NewUser.sample("ann@example.com", name: "Ann", labels: ["a": "b"])
      let preview = try await store.preview(user, deadline: nil)
      #expect(preview.id == user.id && preview.name == "Ann" && preview.labels == ["a": "b"] && preview.version == 1)
      #expect(try await store.find(id: user.id, deadline: nil) == nil)
      #expect(try await store.create(user, deadline: nil).createTime >= preview.createTime)
    },
  ]
}
