import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

@Suite struct InterceptorTests {
  private final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  private struct Noting: ServerInterceptor {
    let name: String
    let log: Log

    func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
      log.note("\(name) before \(context.method.name)")
      do {
        try await next()
        log.note("\(name) after")
      } catch {
        log.note("\(name) saw \(error)")
        throw error
      }
    }
  }

  private struct Asking: ServerInterceptor {
    let body: @Sendable (ServerContext, () async throws -> Void) async throws -> Void
    func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
      try await body(context, next)
    }
  }

  @Test func theFirstIsOutermost() async throws {
    let log = Log()
    let method = MethodHandler.unary(.test("Log", .unary)) { (request: Bytes, _) in
      log.note("handler")
      return request
    }
    let interceptors = [Noting(name: "a", log: log), Noting(name: "b", log: log)]
    try await serving([method], interceptors: interceptors) { server in
      let reply = try await server.client().call(path("Log"), Bytes())
      #expect(reply.status == 0)
    }
    #expect(log.all == ["a before Log", "b before Log", "handler", "b after", "a after"])
  }

  @Test func allKindsOfCallsPassThrough() async throws {
    let log = Log()
    try await serving([.echo, .count, .sum, .chat], interceptors: [Noting(name: "a", log: log)]) { server in
      let client = try await server.client()
      for (name, request) in [("Echo", Number(1)), ("Count", Number(2)), ("Sum", Number(3)), ("Chat", Number(4))] {
        #expect(try await client.call(path(name), request).status == 0)
      }
      #expect(try await client.call(path("None"), Number(1)).status == 12)
    }
    #expect(
      log.all.filter { $0.contains("before") }.map { String($0.dropFirst(9)) } == ["Echo", "Count", "Sum", "Chat"])
    #expect(log.all.filter { $0 == "a after" }.count == 4)
  }

  /// The rest of the call goes back to its loop, where the call's state belongs.
  @Test func oneMayGoOnWithAnotherExecutor() async throws {
    let leaving = Asking { _, next in
      try await withTaskExecutorPreference(globalConcurrentExecutor) { try await next() }
    }
    try await serving([.echo, .count, .sum, .chat], interceptors: [leaving]) { server in
      let client = try await server.client()
      for (name, request) in [("Echo", Number(1)), ("Count", Number(2)), ("Sum", Number(3)), ("Chat", Number(4))] {
        #expect(try await client.call(path(name), request).status == 0)
      }
    }
  }

  @Test func oneMayAnswerInsteadOfTheHandler() async throws {
    let log = Log()
    let method = MethodHandler.unary(.test("Log", .unary)) { (request: Bytes, _) in
      log.note("handler")
      return request
    }
    let guarding = Asking { context, next in
      guard context.requestMetadata.text("authorization") == "me" else {
        throw RPCError(.unauthenticated, "who is it?")
      }
      try await next()
    }
    try await serving([method], interceptors: [Noting(name: "a", log: log), guarding]) { server in
      let client = try await server.client()
      let refused = try await client.call(path("Log"), Bytes())
      #expect(refused.status == 16 && refused.text == "who is it?")
      #expect(log.all == ["a before Log", "a saw UNAUTHENTICATED: who is it?"])
      #expect(try await client.call(path("Log"), Bytes(), metadata: [["authorization", "me"]]).status == 0)
      #expect(log.all.contains("handler"))
    }
  }

  @Test func oneMayTranslateErrorsAndAddMetadata() async throws {
    let failing = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in
      throw RPCError(.unknown, "inside")
    }
    let translating = Asking { context, next in
      context.addTrailingMetadata(["x-seen": "yes"])
      do { try await next() } catch { throw RPCError(.unavailable, "outside") }
    }
    try await serving([failing, .echo], interceptors: [translating]) { server in
      let client = try await server.client()
      let reply = try await client.call(path("Fail"), Bytes())
      #expect(reply.status == 14 && reply.text == "outside")
      #expect(reply.value("x-seen", in: reply.trailers) == "yes")
      #expect(try await client.call(path("Echo"), Bytes()).status == 0)
    }
  }

  /// An error after the handler's one response: the caller gets the error, and not both.
  @Test func anErrorAfterTheResponseTakesItsPlace() async throws {
    let late = Asking { _, next in
      try await next()
      throw RPCError(.aborted, "too late")
    }
    try await serving([.echo], interceptors: [late]) { server in
      let reply = try await server.client().call(path("Echo"), Bytes([1]))
      #expect(reply.status == 10)
      #expect(reply.messages.isEmpty)
    }
  }

  /// One that calls `next` not at all, or twice, breaks its own call and nothing else.
  @Test(arguments: [0, 2])
  func oneThatDoesNotKeepTheRulesBreaksItsCallOnly(times: Int) async throws {
    let rude = Asking { context, next in
      let count = context.requestMetadata.text("rude") == nil ? 1 : times
      for _ in 0..<count { try await next() }
    }
    try await serving([.echo], interceptors: [rude]) { server in
      let client = try await server.client()
      let reply = try await client.call(path("Echo"), Bytes([1]), metadata: [["rude", "1"]])
      #expect(reply.status == 13)
      #expect(reply.messages.isEmpty)
      #expect(try await client.call(path("Echo"), Bytes([1])).message(as: Bytes.self) == Bytes([1]))
    }
  }
}
