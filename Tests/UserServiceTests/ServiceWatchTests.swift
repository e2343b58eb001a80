import EventLoop
import ProtoWire
import RPCCore
import ServiceTesting
import TestPeer
import TestSupport
import Testing
import Tokens
import UserAPI
import UserStoreContract

@testable import UserService

/// WatchUsers, over a connection.
@Suite struct ServiceWatchTests {
  private static let watch = UserServiceMethods.watchUsers

  @Test func tellsOfEachChange() async throws {
    try await WatchBench.run { bench in
      _ = try await bench.service.create("before@example.com")
      let call = try await bench.watch().call
      let user = try await bench.service.create("ann@example.com")
      let id = try #require(UserID(user.id))
      let ops = Author(id: "ops")
      let renamed = try await bench.store.update(id, UserChange(name: "Ann"), expecting: .any, by: ops, deadline: nil)
      _ = try await bench.store.delete(id, expecting: .any, deadline: nil)
      _ = try await bench.store.undelete(id, expecting: .any, deadline: nil)
      try await bench.store.purge(id, expecting: .any, by: nil, deadline: nil)
      let events = try await call.events(5).compactMap(\.event)
      #expect(events.map(\.kind) == [.created, .updated, .deleted, .undeleted, .purged])
      #expect(events.map(\.version) == [1, 2, 3, 4, 5])
      #expect(events.allSatisfy { $0.userID == user.id && $0.user == nil })
      #expect(events[0].etag == user.etag && events[4].etag.isEmpty)
      #expect(events[1].fields == ["name"] && events[1].author == "ops" && events[0].author.isEmpty)
      #expect(events[1].time == Google_Protobuf_Timestamp(microseconds: renamed.updateTime))
    }
  }

  @Test func goesOnAfterAToken() async throws {
    try await WatchBench.run { bench in
      let (first, begin) = try await bench.watch()
      for index in 0..<5 { _ = try await bench.service.create("u\(index)@example.com") }
      let all = try await first.events(5)
      try await first.cancel()
      _ = try await bench.service.create("last@example.com")
      let fromStart = try await bench.resume(begin).events(6)
      #expect(fromStart.prefix(5).elementsEqual(all))
      let later = try await bench.resume(all[2].resumeToken).events(3)
      #expect(later.map(\.event) == fromStart.dropFirst(3).map(\.event))
    }
  }

  /// More events than the process keeps, for one who was away, and for one who reads slowly.
  @Test func whoIsFarBehindReadsFromTheStore() async throws {
    try await WatchBench.run { bench in
      let (slow, begin) = try await bench.watch(window: 1000)
      let count = UserFeed.windowSize + 700
      for index in 0..<count {
        _ = try await bench.store.create(.sample("u\(index)@example.com"), deadline: nil)
      }
      let present = try await bench.watch().call
      _ = try await bench.service.create("last@example.com")
      #expect(try await present.events(1).count == 1)
      let behind = try await bench.resume(begin).events(count + 1)
      #expect(behind.compactMap(\.event).count == count + 1 && Set(behind.map(\.resumeToken)).count == count + 1)
      #expect(try await slow.events(count + 1) == behind)
    }
  }

  /// A thousand watchers cost the store as many reads as one.
  @Test func manyWatchersShareOneReader() async throws {
    try await WatchBench.run(interval: .seconds(3600)) { bench in
      var calls: [TestPeer.ClientCall] = []
      for _ in 0..<50 { calls.append(try await bench.watch().call) }
      let before = bench.store.notes.eventPages
      for round in 0..<10 {
        let id = try await bench.service.create("u\(round)@example.com").id
        bench.feed.nudge()
        for call in calls { #expect(try await call.events(1)[0].event?.userID == id) }
      }
      // One for each event, and one more if the feed's first look came late.
      #expect(bench.store.notes.eventPages - before <= 12)
    }
  }

  @Test func filters() async throws {
    try await WatchBench.run(heartbeat: .milliseconds(20)) { bench in
      let ann = try await bench.service.create("ann@example.com"), bob = try await bench.service.create("b@example.com")
      let annID = try #require(UserID(ann.id)), bobID = try #require(UserID(bob.id))
      let (one, begin) = try await bench.watch(.with { $0.userIds = [ann.id.uppercased()] })
      let kinds = try await bench.watch(.with { $0.kinds = [.deleted, .undeleted] }).call
      for id in [annID, bobID] {
        _ = try await bench.store.update(id, UserChange(name: "x"), expecting: .any, deadline: nil)
        _ = try await bench.store.delete(id, expecting: .any, deadline: nil)
      }
      #expect(try await one.events(2).compactMap(\.event).map(\.kind) == [.updated, .deleted])
      #expect(try await kinds.events(2).compactMap(\.event).map(\.userID) == [ann.id, bob.id])
      // What was left out counts: the heartbeat's token is behind it.
      var token = begin
      while try await bench.distance(from: begin, to: token) < 4 {
        token = try #require(try await one.next(as: WatchUsersResponse.self)).resumeToken
      }
    }
  }

  @Test func heartbeatsSayThatItIsAlive() async throws {
    try await WatchBench.run(heartbeat: .milliseconds(10)) { bench in
      let (call, token) = try await bench.watch()
      for _ in 0..<3 {
        let beat = try #require(try await call.next(as: WatchUsersResponse.self))
        #expect(beat.event == nil && beat.resumeToken == token)
      }
    }
  }

  @Test func bringsTheUserOnRequest() async throws {
    try await WatchBench.run { bench in
      let plain = try await bench.watch().call
      let full = try await bench.watch(.with { $0.includeUser = true }).call
      let user = try await bench.service.create("ann@example.com", name: "Ann")
      #expect(try await full.events(1)[0].event?.user == user)
      #expect(try await plain.events(1)[0].event?.user == nil)
      let id = try #require(UserID(user.id))
      let renamed = try await bench.store.update(id, UserChange(name: "B"), expecting: .any, deadline: nil)
      #expect(try await full.events(1)[0].event?.user == User(renamed))
      try await bench.store.purge(id, expecting: .any, by: nil, deadline: nil)
      let last = try await full.events(1)[0].event
      #expect(last?.kind == .purged && last?.user == nil)
    }
  }

  @Test func theServerStops() async throws {
    try await WatchBench.run { bench in
      let call = try await bench.watch().call
      bench.feed.stop()
      let status = try await call.finish().failure()
      #expect(status?.code == .unavailable && status?.info?.reason == "SERVER_STOPPING")
      let late = try await bench.service.failure(Self.watch, WatchUsersRequest())
      #expect(late.info?.reason == "SERVER_STOPPING")
    }
  }

  @Test func refusesWhatItCanNotUse() async throws {
    try await WatchBench.run { bench in
      let request = WatchUsersRequest.with {
        $0.userIds = ["x", "01890a5d-ac96-774b-bcce-b302099a8057"]
        $0.kinds = [.created, .unspecified, .init(rawValue: 99)]
      }
      #expect(try await bench.service.failure(Self.watch, request).fields == ["user_ids[0]", "kinds[1]", "kinds[2]"])
      let many = WatchUsersRequest.with {
        $0.userIds = Array(repeating: "01890a5d-ac96-774b-bcce-b302099a8057", count: 101)
      }
      #expect(try await bench.service.failure(Self.watch, many).fields == ["user_ids"])
      for token in ["x", "AQ", String(repeating: "A", count: 5000)] {
        let request = WatchUsersRequest.with { $0.resumeToken = token }
        #expect(try await bench.service.failure(Self.watch, request).fields == ["resume_token"])
      }
      // Made by the service, of a place that is not there.
      let key = try await bench.store.pageTokenKey(deadline: nil)
      let gone = try #require(ResumeToken.encode(FeedPosition(number: 99, stamp: 7), key: key))
      let status = try await bench.service.failure(Self.watch, .with { $0.resumeToken = gone } as WatchUsersRequest)
      #expect(status.code == .outOfRange && status.info?.reason == "RESUME_TOKEN_EXPIRED")
    }
  }

  /// Users are personal data: to get them takes the right to read them.
  @Test func usersTakeTheRightToReadThem() async throws {
    let key = try #require(TokenKey.generate(id: "key", algorithm: .hs256, createTime: 0, notBefore: 0))
    let authority = TokenAuthority(issuer: "issuer", audience: "here")
    let policy = try AccessPolicy([UserServiceMethods.service])
    func token(_ scopes: String...) throws -> String {
      let token = AccessToken(subject: "ops", scopes: scopes, id: "1", issueTime: 1000, expireTime: 1900)
      return try #require(authority.issue(token, key: key))
    }
    let (watcher, reader) = (try token("users.watch"), try token("users.watch", "users.read"))
    try await WatchBench.run(
      interceptors: { loops in
        [
          AccessControl(
            policy: policy, keys: LiveKeys(KeySet([key])), authority: authority, loops: loops, now: { 1000 })
        ]
      }
    ) { bench in
      let full = WatchUsersRequest.with { $0.includeUser = true }
      let denied = try await bench.service.with(token: watcher).failure(Self.watch, full)
      #expect(denied.code == .permissionDenied && denied.info?.metadata == ["scopes": "users.read"])
      for (token, request) in [(watcher, WatchUsersRequest()), (reader, full)] {
        let call = try await bench.service.with(token: token).start(Self.watch, request.wireBytes())
        #expect(try await call.next() != nil)
      }
    }
  }

  @Test func purging() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let user = try await service.create("ann@example.com")
      let purge = UserServiceMethods.purgeUser
      var request = PurgeUserRequest.with { $0.id = user.id }
      request.etag = "x"
      #expect(try await service.failure(purge, request).info?.reason == "ETAG_MISMATCH")
      request.etag = user.etag
      let _: PurgeUserResponse = try await service.call(purge, request)
      #expect(try await service.failure(purge, request).info?.reason == "USER_NOT_FOUND")
      #expect(try await service.failure(purge, PurgeUserRequest.with { $0.id = "x" }).fields == ["id"])
      #expect(try await service.create("ann@example.com").id != user.id)
    }
  }
}
