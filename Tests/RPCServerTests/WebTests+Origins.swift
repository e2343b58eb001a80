import Compression
import Foundation
import Primitives
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// Who may call, and what a page of another origin is told.
extension WebTests {
  // MARK: Who may

  @Test func itIsOffUnlessAskedFor() async throws {
    try await serving([.echo]) { server async throws in
      #expect(
        try await exchange(server, request("Echo", Self.binary), frame(Bytes(), Self.binary)).head.field(":status")
          == "415")
      #expect(try await exchange(server, preflight(), []).head.field(":status") == "405")
    }
  }

  /// Plain gRPC stays as it is on the same port.
  @Test func plainGRPCGoesOn() async throws {
    try await serving([.echo], { $0.web = WebConfiguration() }) { server async throws in
      let client = try await server.client()
      let reply = try await client.call(path("Echo"), Bytes([1]))
      #expect(reply.headers == [[":status", "200"], ["content-type", "application/grpc"]])
      #expect(reply.trailers == [["grpc-status", "0"]])
      let other = try await exchange(server, request("Echo", "text/html"), [1])
      #expect(other.head.field(":status") == "415")
      #expect(other.head.field("accept-post") == "application/grpc, application/grpc-web, application/grpc-web-text")
    }
  }

  private func preflight(_ more: [HeaderField] = [], method: String = "POST") -> [HeaderField] {
    [
      [":method", "OPTIONS"], [":scheme", "http"], [":path", path("Echo")], [":authority", "test"],
      ["origin", origin], ["access-control-request-method", method],
    ] + more
  }

  @Test func aPreflightTellsWhatIsAllowed() async throws {
    try await serving([.echo], { $0.web = WebConfiguration(origins: [origin]) }) { server async throws in
      let wanted = "content-type,x-grpc-web,authorization"
      let answer = try await exchange(server, preflight([["access-control-request-headers", wanted]]), []).head
      #expect(answer.isEnd && answer.field(":status") == "204")
      #expect(answer.field("access-control-allow-origin") == origin)
      #expect(answer.field("access-control-allow-credentials") == "true")
      #expect(answer.field("access-control-allow-methods") == "POST")
      #expect(answer.field("access-control-allow-headers") == wanted)
      #expect(answer.field("access-control-max-age") == "7200")
      #expect(answer.field("vary") == "origin")
      #expect(answer.field("grpc-status") == nil)
      #expect(try await exchange(server, preflight(method: "PUT"), []).head.field(":status") == "405")
      let get = preflight().map { $0.name == ":method" ? [":method", "GET"] : $0 }
      let refused = try await exchange(server, get, []).head
      #expect(refused.field(":status") == "405" && refused.field("allow") == "POST, OPTIONS")
    }
  }

  @Test func anotherOriginIsRefusedBeforeItsCallRuns() async throws {
    let ran = Gate()
    let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, _) in
      ran.open()
      return request
    }
    try await serving([look], { $0.web = WebConfiguration(origins: [origin]) }) { server async throws in
      for other in [
        "https://evil.example", "https://app.example.com.evil.example", "null", "", "http://app.example.com",
      ] {
        let call = request("Look", Self.binary, [["origin", other]])
        #expect(try await exchange(server, call, frame(Bytes(), Self.binary)).head.field(":status") == "403")
        let question = preflight().map { $0.name == "origin" ? ["origin", other] : $0 }
        #expect(try await exchange(server, question, []).head.field(":status") == "403")
      }
      #expect(!ran.isOpen)
      // Nobody's page, and the server's own.
      for fields in [[], [["origin", "http://test"]], [["origin", origin]]] as [[HeaderField]] {
        #expect(
          try await exchange(server, request("Look", Self.binary, fields), frame(Bytes(), Self.binary)).status == "0")
      }
    }
  }

  @Test func aPageMayReadWhatItIsSent() async throws {
    let tell = MethodHandler.unary(.test("Tell", .unary)) { (request: Bytes, context) in
      context.addInitialMetadata(["x-one": "1"])
      if request.value.isEmpty { throw RPCError(.notFound, "no") }
      return request
    }
    try await serving([tell], { $0.web = WebConfiguration(origins: [origin]) }) { server async throws in
      let call = request("Tell", Self.binary, [["origin", origin]])
      let answer = try await exchange(server, call, frame(Bytes([1]), Self.binary)).head
      #expect(answer.field("access-control-allow-origin") == origin && answer.field("vary") == "origin")
      #expect(answer.field("access-control-expose-headers") == "x-one")
      let failed = try await exchange(server, call, frame(Bytes(), Self.binary)).head
      #expect(failed.field("access-control-expose-headers") == "x-one")
      let unknown = try await exchange(
        server, request("Nothing", Self.binary, [["origin", origin]]), frame(Bytes(), Self.binary)
      ).head
      #expect(unknown.field("access-control-expose-headers") == "grpc-message,grpc-status")
      #expect(failed.field("access-control-allow-credentials") == "true")
    }
  }

  @Test func anyOriginMeansNoCredentials() async throws {
    try await serving([.echo], { $0.web = WebConfiguration(origins: ["*"]) }) { server async throws in
      let answer = try await exchange(
        server, request("Echo", Self.binary, [["origin", origin]]), frame(Bytes(), Self.binary))
      #expect(answer.head.field("access-control-allow-origin") == "*" && answer.status == "0")
      #expect(answer.head.field("access-control-allow-credentials") == nil)
      #expect(try await exchange(server, preflight(), []).head.field("access-control-allow-origin") == "*")
    }
  }
}
