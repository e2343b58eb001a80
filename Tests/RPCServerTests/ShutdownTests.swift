import EventLoop
import Foundation
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// Stopping: no accepted call is lost, and nobody is waited for beyond the limit.
@Suite struct ShutdownTests {
  private let entered = Gate()
  private let go = Gate()
  private let message = grpcFrame([])

  /// Begins to stop, and opens the gate when all is closed.
  private func stop(_ server: TestServer, grace: Duration) -> Gate {
    let stopped = Gate()
    Task {
      await server.server.shutdown(grace: grace)
      stopped.open()
    }
    return stopped
  }

  /// Trap 13: calls that were on their way when the first GOAWAY left are served; what runs is finished.
  @Test func aDrainHasTwoPhasesAndFinishesWhatRuns() async throws {
    try await serving([.wait(entered: entered, go: go), .echo]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Wait"))), .data(1, message, end: true))
      try await entered.wait()
      let stopped = stop(server, grace: .seconds(60))
      #expect(try await peer.wait(for: .goAway).number() == 0x7fff_ffff)
      let ping = try await peer.wait(for: .ping)
      // On its way: the PING's answer is behind it.
      try await peer.send(.headers(3, Peer.request(path("Echo"))), .data(3, message, end: true))
      try await peer.send(Frame(.ping, flags: Frame.ack, ping.payload))
      let frames = try await peer.collect { $0.kind == .goAway }
      #expect(frames.last?.number() == 3)
      #expect(frames.last?.number(at: 4) == 0)
      // Too late: ignored, for the client to send elsewhere.
      try await peer.send(.headers(5, Peer.request(path("Echo"))), .data(5, message, end: true))
      let late = frames + (try await peer.sync())
      #expect(late.contains { $0.stream == 3 && $0.field("grpc-status") == "0" })
      #expect(!late.contains { $0.stream == 5 })
      #expect(!stopped.isOpen)
      go.open()
      let rest = try await peer.rest()
      #expect(rest.last { $0.stream == 1 }?.field("grpc-status") == "0")
      #expect(!rest.contains { $0.stream == 5 })
      peer.close()
      try await stopped.wait()
      await #expect(throws: Peer.Failure.self) { _ = try await server.peer() }
    }
  }

  @Test func idleConnectionsAreClosed() async throws {
    try await serving([.echo], loops: 2) { server in
      let peers = try await (0..<5).asyncMap { _ in try await server.peer() }
      for peer in peers {
        try await peer.send(.headers(1, Peer.request(path("Echo"))), .data(1, message, end: true))
        #expect(try await peer.response(1).last?.field("grpc-status") == "0")
      }
      let stopped = stop(server, grace: .seconds(60))
      for peer in peers {
        #expect(try await peer.wait(for: .goAway).number() == 0x7fff_ffff)
        try await peer.send(Frame(.ping, flags: Frame.ack, try await peer.wait(for: .ping).payload))
        #expect(try await peer.rest().of(.goAway).map { $0.number() } == [1])
        peer.close()
      }
      try await stopped.wait()
    }
  }

  /// A peer that answers no PING, and does not close, is not waited for.
  @Test func aPeerThatSaysNothingDoesNotHoldUp() async throws {
    try await serving([.echo]) { server in
      let peer = try await Peer(server.address)
      let other = try await server.peer()
      _ = try await other.sync()
      try await stop(server, grace: .seconds(60)).wait()
      withExtendedLifetime((peer, other)) {}
    }
  }

  /// Health.Watch and reflection last as long as their clients like. They don't hold up a stop, but hear of it, and
  /// last.
  @Test func streamsWithoutEndAreEndedWhenNothingElseIsLeft() async throws {
    let health = HealthService()
    let services: [any ServiceProvider] = [health]
    try await serving(
      [.wait(entered: entered, go: go)], services: services + Reflection.services(for: services)
    ) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request("/grpc.health.v1.Health/Watch")), .data(1, message, end: true))
      #expect(try await peer.wait(for: .data, stream: 1).payload == grpcFrame([8, 1]))
      for (stream, version) in [(3, "v1"), (5, "v1alpha")] as [(UInt32, String)] {
        let path = "/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo"
        try await peer.send(.headers(stream, Peer.request(path)))
      }
      try await peer.send(.headers(7, Peer.request(path("Wait"))), .data(7, message, end: true))
      try await entered.wait()
      health.shutdown()
      #expect(try await peer.wait(for: .data, stream: 1).payload == grpcFrame([8, 2]))
      let stopped = stop(server, grace: .seconds(3600))
      try await peer.send(Frame(.ping, flags: Frame.ack, try await peer.wait(for: .ping).payload))
      let before = try await peer.collect { $0.kind == .goAway && $0.number() == 7 } + peer.sync()
      #expect(!before.contains { $0.isEnd })
      go.open()
      let rest = try await peer.rest()
      #expect(rest.last { $0.stream == 7 }?.field("grpc-status") == "0")
      for stream in [1, 3, 5] as [UInt32] {
        #expect(rest.last { $0.stream == stream && $0.isEnd }?.field("grpc-status") == "14")
      }
      peer.close()
      try await stopped.wait()
      #expect(await server.server.settled() == 0)
    }
  }

  /// A watcher that did not hear of the change before its call ends still hears both.
  @Test func aWatcherHearsTheLastStatusAndThenTheEnd() async throws {
    let health = HealthService()
    try await serving(services: [health]) { server in
      let client = try await server.client()
      let watch = try await client.start("/grpc.health.v1.Health/Watch")
      try await watch.send(bytes: [], end: true)
      #expect(try await watch.next() == [8, 1])
      health.shutdown()
      let stopped = stop(server, grace: .seconds(3600))
      let reply = try await watch.finish()
      #expect(reply.messages == [[8, 2]])
      #expect(reply.status == 14)
      client.close()
      try await stopped.wait()
    }
  }

  @Test func theLimitCancelsWhatStillRuns() async throws {
    let cancelled = Gate()
    try await serving([.park(entered: entered, cancelled: cancelled)]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Park"))), .data(1, message, end: true))
      try await entered.wait()
      try await stop(server, grace: .milliseconds(50)).wait()
      try await cancelled.wait()
    }
  }

  /// A second stop, with less patience, shortens the first; both end.
  @Test func aSecondStopShortensTheFirst() async throws {
    let cancelled = Gate()
    try await serving([.park(entered: entered, cancelled: cancelled)]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Park"))), .data(1, message, end: true))
      try await entered.wait()
      let first = stop(server, grace: .seconds(3600))
      #expect(try await peer.wait(for: .goAway).number() == 0x7fff_ffff)
      let second = stop(server, grace: .milliseconds(10))
      try await second.wait()
      try await first.wait()
      try await cancelled.wait()
    }
  }

  @Test func aServerWithoutConnectionsStopsAtOnceAndTwice() async throws {
    try await serving { server in
      await server.server.shutdown(grace: .seconds(60))
      await server.server.shutdown(grace: .seconds(60))
    }
  }

  @Test func aUnixSocketServesAndGoesWithItsServer() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("rt-\(UUID().uuidString.prefix(8)).sock")
      .path
    let name = MethodHandler.unary(.test("Name", .unary)) { (_: Bytes, context) in Bytes(Array(context.peer.utf8)) }
    try await serving([name], on: .unix(path: file)) { server in
      #expect(server.address == .unix(path: file))
      let reply = try await server.client().call(path("Name"), Bytes())
      #expect(try reply.message(as: Bytes.self) == Bytes(Array("unix".utf8)))
      #expect(throws: EventLoopError.self) { try server.server.listen(on: .unix(path: file)) }
    }
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test func anAddressThatIsTakenIsAnError() async throws {
    try await serving { server in
      let error = #expect(throws: EventLoopError.self) { try server.server.listen(on: server.address) }
      #expect(error?.errno == EADDRINUSE)
    }
  }
}
