import EventLoop
import ProtoWire
import RPCCore
import ServiceTesting
import TestPeer
import TestSupport
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

/// A service whose feed is read, and watchers of it.
struct WatchBench: Sendable {
  let service: ServiceBench
  let store: ProbeStore
  let feed: UserFeed

  /// - Parameter interval: how often the feed is read.
  static func run(
    interval: Duration = .milliseconds(2), heartbeat: Duration = .seconds(3600),
    interceptors: (EventLoopGroup) throws -> [any ServerInterceptor] = { _ in [] },
    _ body: @Sendable (WatchBench) async throws -> Void
  ) async throws {
    let loops = try EventLoopGroup(count: 2, name: "test")
    defer { loops.shutdown() }
    let store = ProbeStore(), feed = UserFeed(store: store, poll: interval)
    let worker = BackgroundWorker("event-feed", on: loops.loops[0], logger: .silent) { try await feed.turn() }
    feed.onDemand { worker.wake() }
    worker.start()
    let result: Result<Void, any Error>
    do {
      result = .success(
        try await ServiceBench.run(
          store, loops: loops, feed: feed, heartbeatInterval: heartbeat, interceptors: interceptors
        ) { try await body(WatchBench(service: $0, store: store, feed: feed)) })
    } catch {
      result = .failure(error)
    }
    await worker.stop()
    try result.get()
  }

  /// A stream that has begun.
  func watch(
    _ request: WatchUsersRequest = WatchUsersRequest(), window: Int32 = 65_535
  ) async throws -> (call: TestPeer.ClientCall, token: String) {
    let call = try await service.start(UserServiceMethods.watchUsers, request.wireBytes(), window: window)
    guard let first = try await call.next(as: WatchUsersResponse.self) else {
      throw try await call.finish().failure() ?? TestFailure("no message")
    }
    #expect(first.event == nil && !first.resumeToken.isEmpty)
    return (call, first.resumeToken)
  }

  func resume(_ token: String) async throws -> TestPeer.ClientCall {
    try await watch(.with { $0.resumeToken = token }).call
  }

  /// How many events lie between two tokens.
  func distance(from first: String, to second: String) async throws -> Int64 {
    let key = try await store.pageTokenKey(deadline: nil)
    guard let first = ResumeToken.decode(first, key: key), let second = ResumeToken.decode(second, key: key) else {
      throw TestFailure("no resume token")
    }
    return second.number - first.number
  }
}

extension TestPeer.ClientCall {
  /// The next events; heartbeats are left out.
  func events(_ count: Int) async throws -> [WatchUsersResponse] {
    var found: [WatchUsersResponse] = []
    while found.count < count {
      guard let message = try await next(as: WatchUsersResponse.self) else {
        throw try await finish().failure() ?? TestFailure("the stream ended")
      }
      if message.event != nil { found.append(message) }
    }
    return found
  }
}
