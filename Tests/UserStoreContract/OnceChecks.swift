import Testing
import UserService

/// Creations that happen once.
enum OnceChecks {
  private static func request(_ fingerprint: UInt8 = 1, id: UserID = .random()) -> CreationRequest {
    CreationRequest(id: id, fingerprint: [UInt8](repeating: fingerprint, count: 16))
  }

  static let all: [StoreCheck] = [
    StoreCheck("a creation that is repeated creates nothing") { store in
      let request = request()
      let user = try await store.create(.sample("ann@example.com", name: "Ann"), once: request, deadline: nil)
      // The server chooses another id each time.
      let again = try await store.create(.sample("ann@example.com", name: "Ann"), once: request, deadline: nil)
      #expect(again == user)
      let renamed = try await store.update(user.id, UserChange(name: "Anna"), expecting: .any, deadline: nil)
      let late = try await store.create(.sample("ann@example.com", name: "Ann"), once: request, deadline: nil)
      #expect(late == renamed)
      let deleted = try await store.delete(user.id, expecting: .any, deadline: nil)
      #expect(try await store.create(.sample("ann@example.com"), once: request, deadline: nil) == deleted)
    },

    StoreCheck("a request id belongs to one request") { store in
      let first = request(1)
      _ = try await store.create(.sample("ann@example.com"), once: first, deadline: nil)
      let other = request(2, id: first.id)
      let ending = await outcome {
        _ = try await store.create(.sample("bob@example.com"), once: other, deadline: nil)
      }
      #expect(ending == .refused(.requestIDReused))
      #expect(try await store.find(email: EmailAddress("bob@example.com"), deadline: nil) == nil)
    },

    // The caller may mend what is wrong, and use the same id again.
    StoreCheck("a creation that was refused is not remembered") { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil)
      let request = request()
      for user in [try NewUser.sample("ANN@example.com"), try .sample("bob@example.com", id: ann.id)] {
        let field: StoreRefusal.UniqueField = user.id == ann.id ? .id : .email
        let ending = await outcome { _ = try await store.create(user, once: request, deadline: nil) }
        #expect(ending == .refused(.alreadyExists(field)))
      }
      #expect(
        try await store.create(.sample("bob@example.com"), once: request, deadline: nil).email == "bob@example.com")
    },

    .race("one creation, asked for many times at once") { handles in
      let request = request()
      let outcomes = await handles.race(20) { store, index in
        _ = try await store.create(.sample("ann@example.com"), once: request, deadline: nil)
      }
      #expect(outcomes == [.done: 40])
      let query = UserPageQuery(order: UserOrder(.id), limit: 10)
      let page = try await handles.first.page(query, deadline: nil)
      #expect(page.users.count == 1)
    },

    // Whoever is first: one user, and for the others the id is another request's.
    .race("one request id for different users at once") { handles in
      let id = UserID.random()
      let outcomes = await handles.race(20) { store, index in
        let request = request(UInt8(index), id: id)
        _ = try await store.create(.sample("u\(index)@example.com"), once: request, deadline: nil)
      }
      #expect(outcomes == [.done: 1, .refused(.requestIDReused): 39])
      let query = UserPageQuery(order: UserOrder(.id), limit: 100)
      let page = try await handles.first.page(query, deadline: nil)
      #expect(page.users.count == 1)
    },
  ]
}
