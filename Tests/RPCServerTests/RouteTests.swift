import HTTP
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

@Suite struct RouteTests {
  private static let routes = [
    HTTPRoute("GET", "/version") { request, _ in
      HTTPResponse(type: "text/plain", Array("1.0 \(request.query) \(request.header("x-name") ?? "")\n".utf8))
    },
    HTTPRoute("POST", "/version") { request, context in
      HTTPResponse(201, headers: [("x-method", context.method.name)], body: .bytes(request.body.reversed()))
    },
    HTTPRoute("GET", "/missing") { _, _ in throw RPCError(.notFound, "no \"such\" thing") },
    HTTPRoute("GET", "/split") { _, _ in
      HTTPResponse(headers: [("x-bad", "a\r\nx-more: b"), ("x-good", "c")], body: .bytes([]))
    },
    HTTPRoute(streaming: "GET", "/stream") { request, _ in
      HTTPResponse(
        headers: [("content-type", "text/event-stream")],
        body: .stream { body in
          for piece in ["one", "two", ""] { try await body.write(Array(piece.utf8)) }
          if request.query == "fail" { throw RPCError(.aborted, "enough") }
        })
    },
  ]

  private func answer(
    _ server: TestServer, _ method: String, _ path: String, _ more: [HeaderField] = [], body: [UInt8] = []
  ) async throws -> [Frame] {
    let peer = try await server.peer()
    let fields: [HeaderField] = [[":method", method], [":scheme", "http"], [":path", path], [":authority", "test"]]
    try await peer.send([Frame.headers(1, fields + more), .data(1, body, end: true)].flatMap { $0.bytes })
    return try await peer.response(1)
  }

  private func text(_ frames: [Frame]) -> String {
    String(decoding: frames.filter { $0.kind == .data }.flatMap(\.payload), as: UTF8.self)
  }

  private let configure: @Sendable (inout ServerConfiguration) -> Void = { $0.routes = Self.routes }

  @Test func routesAnswerBesideCalls() async throws {
    try await serving([.echo], configure) { server in
      let version = try await answer(server, "GET", "/version?a=b", [["x-name", "ada"]])
      #expect(version.first?.field(":status") == "200" && version.first?.field("content-type") == "text/plain")
      #expect(text(version) == "1.0 a=b ada\n" && version.first?.field("content-length") == "12")
      let posted = try await answer(server, "POST", "/version", body: Array("abc".utf8))
      #expect(posted.first?.field(":status") == "201" && text(posted) == "cba")
      #expect(posted.first?.field("x-method") == "POST /version")
      let head = try await answer(server, "HEAD", "/version")
      #expect(head.first?.isEnd == true && head.first?.field("content-length") == "6")
      #expect(try await server.client().call(path("Echo"), Bytes([1])).message(as: Bytes.self) == Bytes([1]))
    }
  }

  @Test func errorsAreJSON() async throws {
    try await serving([], configure) { server in
      let missing = try await answer(server, "GET", "/missing")
      #expect(missing.first?.field(":status") == "404")
      #expect(text(missing) == #"{"error":{"code":404,"message":"no \"such\" thing","status":"NOT_FOUND"}}"#)
      let refused = try await answer(server, "DELETE", "/version")
      #expect(refused.first?.field(":status") == "405" && refused.first?.field("allow") == "GET, HEAD, POST")
      #expect(try await answer(server, "GET", "/other").first?.field(":status") == "405")
      let late = try await answer(server, "GET", "/version", [["grpc-timeout", "soon"]])
      #expect(late.first?.field(":status") == "400")
    }
  }

  @Test func streamsThatFailBreakOff() async throws {
    try await serving([], configure) { server in
      let whole = try await answer(server, "GET", "/stream")
      #expect(text(whole) == "onetwo" && whole.last?.kind == .data && whole.last?.isEnd == true)
      let cut = try await answer(server, "GET", "/stream?fail")
      #expect(text(cut) == "onetwo" && cut.last?.kind == .rstStream)
    }
  }

  @Test func fieldsCannotDivideTheHead() async throws {
    try await serving([], configure) { server in
      let fields = try await answer(server, "GET", "/split").first
      #expect(fields?.field("x-good") == "c" && fields?.field("x-more") == nil && fields?.field("x-bad") == nil)
    }
  }
}
