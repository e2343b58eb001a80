import EventLoop
import ProtoWire
import RPCCore
@testable import RPCServer
import TestPeer
import Testing

/// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
@Suite struct HealthTests {
  private typealias Request = Grpc_Health_V1_HealthCheckRequest
  private typealias Response = Grpc_Health_V1_HealthCheckResponse

  private let health = HealthService()

  private func check(_ client: TestClient, _ service: String) async throws -> Reply {
    try await client.call("/grpc.health.v1.Health/Check", Request.with { $0.service = service })
  }

  private func watch(_ client: TestClient, _ service: String) async throws -> TestPeer.ClientCall {
    let call = try await client.start("/grpc.health.v1.Health/Watch")
    try await call.send(Request.with { $0.service = service }, end: true)
    return call
  }

  @Test func checkTellsTheStatus() async throws {
    health.setStatus("a.B", serving: false)
    try await serving(services: [health]) { server in
      let client = try await server.client()
      #expect(try await check(client, "").message(as: Response.self).status == .serving)
      #expect(try await check(client, "a.B").message(as: Response.self).status == .notServing)
      health.setStatus("a.B", serving: true)
      #expect(try await check(client, "a.B").message(as: Response.self).status == .serving)
      #expect(try await check(client, "none").status == StatusCode.notFound.rawValue)
    }
  }

  @Test func listTellsAll() async throws {
    health.setStatus("a.B", serving: false)
    try await serving(services: [health]) { server in
      let reply = try await server.client().call("/grpc.health.v1.Health/List", Grpc_Health_V1_HealthListRequest())
      let list = try reply.message(as: Grpc_Health_V1_HealthListResponse.self)
      #expect(list.statuses.mapValues(\.status) == ["": .serving, "a.B": .notServing])
    }
  }

  @Test func watchTellsEachChangeAndNoRepetition() async throws {
    try await serving(services: [health]) { server in
      let client = try await server.client()
      let server = try await watch(client, "")
      let later = try await watch(client, "later")
      #expect(try await server.next(as: Response.self)?.status == .serving)
      #expect(try await later.next(as: Response.self)?.status == .serviceUnknown)
      health.setStatus("later", serving: false)
      #expect(try await later.next(as: Response.self)?.status == .notServing)
      health.setStatus("later", serving: false)
      health.setStatus("later", serving: true)
      #expect(try await later.next(as: Response.self)?.status == .serving)
      // The other watcher was woken by these changes and had nothing to say.
      health.setStatus("", serving: false)
      #expect(try await server.next(as: Response.self)?.status == .notServing)
    }
  }

  @Test func shutdownIsNotServingForGood() async throws {
    health.setStatus("a.B", serving: true)
    try await serving(services: [health]) { server in
      let client = try await server.client()
      let call = try await watch(client, "a.B")
      #expect(try await call.next(as: Response.self)?.status == .serving)
      health.shutdown()
      #expect(try await call.next(as: Response.self)?.status == .notServing)
      health.setStatus("a.B", serving: true)
      #expect(try await check(client, "a.B").message(as: Response.self).status == .notServing)
      #expect(try await check(client, "").message(as: Response.self).status == .notServing)
    }
  }

  /// A watcher that goes away is forgotten; one that stays is still told.
  @Test func watchersComeAndGo() async throws {
    try await serving(services: [health]) { server in
      let client = try await server.client()
      let stays = try await watch(client, "x")
      #expect(try await stays.next(as: Response.self)?.status == .serviceUnknown)
      for round in 0..<50 {
        let gone = try await watch(client, "x")
        #expect(try await gone.next(as: Response.self) != nil)
        try await gone.cancel()
        health.setStatus("x", serving: round % 2 == 0)
        #expect(try await stays.next(as: Response.self)?.status == (round % 2 == 0 ? .serving : .notServing))
      }
      let late = try await client.start("/grpc.health.v1.Health/Watch", metadata: [["grpc-timeout", "30m"]])
      try await late.send(Request(), end: true)
      let reply = try await late.finish()
      #expect(reply.messages.count == 1 && reply.status == StatusCode.deadlineExceeded.rawValue)
    }
  }
}
