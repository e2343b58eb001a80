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

  private func check(_ client: BlockingClient, _ service: String) throws -> Reply {
    try client.call("/grpc.health.v1.Health/Check", Request.with { $0.service = service })
  }

  private func watch(_ client: BlockingClient, _ service: String) throws -> ClientCall {
    let call = try client.start("/grpc.health.v1.Health/Watch")
    try call.send(Request.with { $0.service = service }, end: true)
    return call
  }

  @Test func checkTellsTheStatus() async throws {
    health.setStatus("a.B", serving: false)
    try await serving(services: [health]) { server in
      let client = try server.client()
      #expect(try check(client, "").message(as: Response.self).status == .serving)
      #expect(try check(client, "a.B").message(as: Response.self).status == .notServing)
      health.setStatus("a.B", serving: true)
      #expect(try check(client, "a.B").message(as: Response.self).status == .serving)
      #expect(try check(client, "none").status == StatusCode.notFound.rawValue)
    }
  }

  @Test func listTellsAll() async throws {
    health.setStatus("a.B", serving: false)
    try await serving(services: [health]) { server in
      let reply = try server.client().call("/grpc.health.v1.Health/List", Grpc_Health_V1_HealthListRequest())
      let list = try reply.message(as: Grpc_Health_V1_HealthListResponse.self)
      #expect(list.statuses.mapValues(\.status) == ["": .serving, "a.B": .notServing])
    }
  }

  @Test func watchTellsEachChangeAndNoRepetition() async throws {
    try await serving(services: [health]) { server in
      let client = try server.client()
      let server = try watch(client, "")
      let later = try watch(client, "later")
      #expect(try server.next(as: Response.self)?.status == .serving)
      #expect(try later.next(as: Response.self)?.status == .serviceUnknown)
      health.setStatus("later", serving: false)
      #expect(try later.next(as: Response.self)?.status == .notServing)
      health.setStatus("later", serving: false)
      health.setStatus("later", serving: true)
      #expect(try later.next(as: Response.self)?.status == .serving)
      // The other watcher was woken by these changes and had nothing to say.
      health.setStatus("", serving: false)
      #expect(try server.next(as: Response.self)?.status == .notServing)
    }
  }

  @Test func shutdownIsNotServingForGood() async throws {
    health.setStatus("a.B", serving: true)
    try await serving(services: [health]) { server in
      let client = try server.client()
      let call = try watch(client, "a.B")
      #expect(try call.next(as: Response.self)?.status == .serving)
      health.shutdown()
      #expect(try call.next(as: Response.self)?.status == .notServing)
      health.setStatus("a.B", serving: true)
      #expect(try check(client, "a.B").message(as: Response.self).status == .notServing)
      #expect(try check(client, "").message(as: Response.self).status == .notServing)
    }
  }

  /// A watcher that goes away is forgotten; one that stays is still told.
  @Test func watchersComeAndGo() async throws {
    try await serving(services: [health]) { server in
      let client = try server.client()
      let stays = try watch(client, "x")
      #expect(try stays.next(as: Response.self)?.status == .serviceUnknown)
      for round in 0..<50 {
        let gone = try watch(client, "x")
        #expect(try gone.next(as: Response.self) != nil)
        try gone.cancel()
        health.setStatus("x", serving: round % 2 == 0)
        #expect(try stays.next(as: Response.self)?.status == (round % 2 == 0 ? .serving : .notServing))
      }
      let late = try client.start("/grpc.health.v1.Health/Watch", metadata: [["grpc-timeout", "30m"]])
      try late.send(Request(), end: true)
      let reply = try late.finish()
      #expect(reply.messages.count == 1 && reply.status == StatusCode.deadlineExceeded.rawValue)
    }
  }
}
