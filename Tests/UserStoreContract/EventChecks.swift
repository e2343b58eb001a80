import Testing
import UserService

/// The feed of what was done.
enum EventChecks {
  static let all: [StoreCheck] = [
    StoreCheck("each change has an event") { store in
      let begin = try await store.lastEvent(deadline: nil)
      let ops = Author(id: "ops"), ann = UserID.random(), self_ = Author(id: ann.description)
      var user = try await store.create(.sample("ann@example.com", id: ann), by: ops, deadline: nil)
      let change = UserChange(email: try EmailAddress("anna@example.com"), labels: [:])
      user = try await store.update(ann, change, expecting: .any, by: self_, deadline: nil)
      _ = try await store.update(ann, UserChange(name: "Ann"), expecting: .any, by: nil, deadline: nil)
      // Changes nothing.
      _ = try await store.update(ann, UserChange(), expecting: .any, by: ops, deadline: nil)
      user = try await store.delete(ann, expecting: .any, by: ops, deadline: nil)
      user = try await store.undelete(ann, expecting: .any, by: ops, deadline: nil)
      try await store.purge(ann, expecting: .exactly(user.version), by: ops, deadline: nil)

      let events = try await readEvents(store, after: begin, 6)
      #expect(events.allSatisfy { $0.userID == ann })
      #expect(events.map(\.kind) == [.created, .updated, .updated, .deleted, .undeleted, .purged])
      #expect(events.map(\.version) == [1, 2, 3, 4, 5, 6])
      #expect(events.map(\.fields) == [[], ["email", "labels"], ["name"], [], [], []])
      #expect(events.map(\.author) == [ops, self_, nil, ops, ops, ops])
      #expect(events.map(\.position.number) == (1...6).map { begin.number + $0 })
      #expect(events[4].time == user.updateTime && events[0].time == user.createTime)
      #expect(try await store.lastEvent(deadline: nil) == events[5].position)
    },

    StoreCheck("a change that is refused has no event") { store in
      let begin = try await store.lastEvent(deadline: nil)
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil).id
      let bob = try await store.create(.sample("bob@example.com"), deadline: nil).id
      let taken = UserChange(email: try EmailAddress("ann@example.com"))
      _ = await outcome { _ = try await store.create(.sample("ann@example.com"), deadline: nil) }
      _ = await outcome { _ = try await store.create(.sample("x@example.com", id: ann), deadline: nil) }
      _ = await outcome { _ = try await store.update(bob, taken, expecting: .any, deadline: nil) }
      _ = await outcome { _ = try await store.update(bob, UserChange(name: "x"), expecting: .never, deadline: nil) }
      _ = await outcome { _ = try await store.delete(bob, expecting: .exactly(9), deadline: nil) }
      _ = await outcome { _ = try await store.undelete(bob, expecting: .any, deadline: nil) }
      _ = await outcome { try await store.purge(bob, expecting: .exactly(9), by: nil, deadline: nil) }
      _ = try await store.delete(ann, expecting: .any, deadline: nil)
      #expect(try await readEvents(store, after: begin, 3).map(\.kind) == [.created, .created, .deleted])
    },

    StoreCheck("pages of events follow each other") { store in
      let begin = try await store.lastEvent(deadline: nil)
      for index in 0..<7 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
      let all = try await readEvents(store, after: begin, 7)
      var position = begin, found: [UserEvent] = []
      for count in [3, 3, 1, 0] {
        let page = try await store.events(after: position, limit: 3, deadline: nil)
        #expect(page.events.count == count)
        #expect(page.end == page.events.last?.position ?? position)
        found += page.events
        position = page.end
      }
      #expect(found == all)
    },

    StoreCheck("positions of another history are refused") { store in
      let begin = try await store.lastEvent(deadline: nil)
      _ = try await store.create(.sample("ann@example.com"), deadline: nil)
      let last = try await readEvents(store, after: begin, 1)[0].position
      for (number, stamp) in [
        (begin.number, begin.stamp &+ 1), (last.number, last.stamp &+ 1), (last.number + 1, last.stamp), (-1, 0),
      ] {
        let position = FeedPosition(number: number, stamp: stamp)
        #expect(
          await outcome { _ = try await store.events(after: position, limit: 1, deadline: nil) }
            == .refused(.eventsGone))
      }
      #expect(try await store.events(after: last, limit: 1, deadline: nil).events.isEmpty)
    },

    StoreCheck("a purged user is gone") { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil).id
      let bob = try await store.create(.sample("bob@example.com"), deadline: nil).id
      let purge = { @Sendable (id: UserID, expecting: VersionCondition) in
        await outcome { try await store.purge(id, expecting: expecting, by: nil, deadline: nil) }
      }
      #expect(await purge(ann, .exactly(2)) == .refused(.versionMismatch(ann)))
      #expect(await purge(ann, .never) == .refused(.versionMismatch(ann)))
      #expect(await purge(ann, .exactly(1)) == .done)
      #expect(await purge(ann, .any) == .refused(.notFound(ann)))
      // A deleted one too.
      _ = try await store.delete(bob, expecting: .any, deadline: nil)
      #expect(await purge(bob, .any) == .done)
      #expect(try await store.find(id: ann, deadline: nil) == nil)
      #expect(try await store.find(email: EmailAddress("bob@example.com"), deadline: nil) == nil)
      #expect(try await store.create(.sample("ann@example.com", id: bob), deadline: nil).version == 1)
    },

    // Neighbours on a hot row, from two processes.
    StoreCheck.race("events of a user are in the order of its changes") { store in
      let begin = try await store.first.lastEvent(deadline: nil)
      let hot = try await store.first.create(.sample("hot@example.com"), deadline: nil).id
      let outcomes = await store.race(20) { store, index in
        for round in 0..<5 {
          _ = try await store.update(hot, UserChange(name: "\(index).\(round)"), expecting: .any, deadline: nil)
        }
        _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil)
      }
      #expect(outcomes == [.done: 40])
      let events = try await readEvents(store.second, after: begin, 241)
      #expect(events.map(\.position.number).elementsEqual((1...241).map { begin.number + $0 }))
      #expect(events.filter { $0.userID == hot }.map(\.version).elementsEqual(1...201))
      #expect(Set(events.map(\.userID)).count == 41)
    },
  ]

  /// Reads events until there are so many.
  static func readEvents(
    _ store: any UserStore, after begin: FeedPosition, _ count: Int
  ) async throws -> [UserEvent] {
    var (position, events) = (begin, [UserEvent]())
    for _ in 0..<3000 where events.count < count {
      let page = try await store.events(after: position, limit: 100, deadline: nil)
      events += page.events
      position = page.end
      if page.events.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    }
    #expect(events.count == count)
    return events
  }
}
