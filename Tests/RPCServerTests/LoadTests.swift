import ProtoWire
import RPCCore
@testable import RPCServer
import TestPeer
import Testing

/// More calls than may run: who is refused, and what he is told.
@Suite struct LoadTests {
  private let entered = Gate()
  private let go = Gate()
  private let message = grpcFrame([])

  private struct Busy {
    let server: TestServer
    /// A connection with a call that runs until the gate is opened.
    let peer: Peer
  }

  /// A server whose one call is taken.
  private func busy(
    _ configure: (inout ServerConfiguration) -> Void = { $0.maximumRunningCalls = 1 },
    services: [any ServiceProvider] = [],
    _ body: (Busy) async throws -> Void
  ) async throws {
    try await serving([.wait(entered: entered, go: go), .echo, .chat], services: services, configure) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Wait"))), .data(1, message, end: true))
      try await entered.wait()
      try await body(Busy(server: server, peer: peer))
      go.open()
      #expect(try await peer.response(1).last?.field("grpc-status") == "0")
      #expect(try await server.client().call(path("Echo")).status == 0)
    }
  }

  private func expectRefusal(_ reply: Reply, status: Int, text: String) throws {
    #expect(reply.status == status)
    #expect(reply.text.contains(text))
    #expect(reply.isTrailersOnly)
    let delay = try #require(reply.value("grpc-retry-pushback-ms", in: reply.trailers).flatMap { Int($0) })
    #expect((250...750).contains(delay))
    let details = try RPCError(Google_Rpc_Status(wireBytes: #require(reply.details)))?.details
    #expect(details?.retryDelay.map { $0 / .milliseconds(1) }.map { Int($0) } == delay)
  }

  @Test func theServersLimitRefusesWithWhenToComeAgain() async throws {
    try await busy { busy in
      let client = try await busy.server.client()
      for method in ["Echo", "Chat"] {
        try await expectRefusal(client.call(path(method)), status: 14, text: "limit of running calls")
      }
    }
  }

  @Test func aConnectionsLimitIsItsOwn() async throws {
    try await busy {
      $0.maximumRunningHandlers = 1
    } _: { busy in
      try await busy.peer.send(.headers(3, Peer.request(path("Echo"))), .data(3, message, end: true))
      let refusal = try #require(try await busy.peer.response(3).last)
      #expect(refusal.field("grpc-status") == "8")
      #expect(refusal.field("grpc-retry-pushback-ms") != nil)
      #expect(try await busy.server.client().call(path("Echo")).status == 0)
    }
  }

  @Test func aClassLeavesRoomForOthers() async throws {
    try await busy {
      $0.callClasses = [CallClass("slow", methods: ["test.Service/Wait", "test.Service/Chat"], maximumRunning: 1)]
    } _: { busy in
      let client = try await busy.server.client()
      try await expectRefusal(client.call(path("Chat")), status: 14, text: "of the class slow")
      #expect(try await client.call(path("Echo")).status == 0)
    }
  }

  /// A server that has too much to do says so, when asked.
  @Test func healthAndReflectionAreNeverStarved() async throws {
    let health = HealthService()
    let services: [any ServiceProvider] = [health]
    try await busy(services: services + Reflection.services(for: services)) { busy in
      let client = try await busy.server.client()
      #expect(try await client.call(path("Echo")).status == 14)
      for _ in 0..<100 { #expect(try await client.call("/grpc.health.v1.Health/Check").status == 0) }
      #expect(
        try await client.call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", bytes: [0x3a, 0]).status == 0
      )
    }
  }

  @Test func anAdaptiveLimitCanBeTurnedOn() async throws {
    try await busy {
      var adaptive = AdaptiveLimit()
      adaptive.initial = 1
      adaptive.minimum = 1
      $0.adaptiveLimit = adaptive
    } _: { busy in
      try await expectRefusal(busy.server.client().call(path("Echo")), status: 14, text: "limit of running calls")
    }
  }

  @Test func theErrorsDomainIsNamedBesideTheDelay() async throws {
    try await busy {
      $0.maximumRunningCalls = 1
      $0.errorDomain = "test.example"
    } _: { busy in
      let reply = try await busy.server.client().call(path("Echo"))
      let details = try RPCError(Google_Rpc_Status(wireBytes: #require(reply.details)))?.details
      #expect(details?.errorInfo?.reason == "UNAVAILABLE")
      #expect(details?.errorInfo?.domain == "test.example")
      #expect(details?.retryDelay != nil)
    }
  }

  @Test func connectionsHaveALimit() async throws {
    try await serving([.echo]) {
      $0.maximumConnections = 3
    } _: { server in
      var clients = try await (0..<3).asyncMap { _ in try await server.client() }
      for client in clients { #expect(try await client.call(path("Echo")).status == 0) }
      for _ in 0..<10 {
        let refused = try await Peer(server.address)
        await refused.trySend(Frame.preface)
        #expect(try await refused.next() == nil)
      }
      for client in clients { #expect(try await client.call(path("Echo")).status == 0) }
      clients.removeLast().close()
      // Its place is free once the server has read of its end.
      var isServed = false
      while !isServed { isServed = (try? await server.client().call(path("Echo")).status) == 0 }
    }
  }

  @Test func nothingIsCountedTwiceOrForgotten() async throws {
    try await serving([.echo, .chat, .count, .sum], loops: 2) { server in
      for _ in 0..<4 {
        let client = try await server.client()
        for _ in 0..<50 { #expect(try await client.call(path("Echo")).status == 0) }
        #expect(try await client.call(path("Sum")).status == 0)
        #expect(try await client.call(path("Count"), Number(5)).messages.count == 5)
        _ = try await client.start(path("Chat"))
      }
      #expect(await server.server.runningCalls() <= 4)
    }
  }
}
