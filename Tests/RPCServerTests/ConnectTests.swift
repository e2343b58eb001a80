import Compression
import HTTP
import Primitives
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// Connect over HTTP/1.1 and HTTP/2, and JSON bodies of gRPC. https://connectrpc.com/docs/protocol
@Suite struct ConnectTests {
  static let proto = ["content-type: application/proto"]
  static let json = ["content-type: application/json"]
  static let stream = ["content-type: application/connect+proto"]
  let health = "/grpc.health.v1.Health"

  func withConnect(
    _ methods: [MethodHandler] = [], interceptors: [any ServerInterceptor] = [],
    _ configure: (inout ServerConfiguration) -> Void = { _ in }, _ body: (TestServer, HTTP1Peer) async throws -> Void
  ) async throws {
    try await serving(
      methods, services: [HealthService()], interceptors: interceptors,
      {
        $0.connect = ConnectConfiguration()
        $0.web = WebConfiguration(origins: ["https://app.example.com"])
        configure(&$0)
      }, { server in try await body(server, HTTP1Peer(server.address)) })
  }

  /// Envelopes of a body: flags and contents.
  func envelopes(_ body: [UInt8]) -> [(flags: UInt8, content: [UInt8])] {
    var rest = body[...]
    var found: [(UInt8, [UInt8])] = []
    while let flags = rest.first, rest.count >= 5 {
      let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
      found.append((flags, Array(rest.dropFirst(5).prefix(length))))
      rest = rest.dropFirst(5 + length)
    }
    return found
  }

  func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

  // MARK: Unary

  @Test func aUnaryCallIsPlainHTTP() async throws {
    try await withConnect([.echo]) { _, peer in
      for length in [0, 5, 1_000_000] {
        let value = Bytes(bytes(length)).wireBytes()
        let answer = try await peer.answer("POST", path("Echo"), Self.proto, body: value)
        #expect(answer.status == 200 && answer.field("content-type") == "application/proto" && answer.body == value)
        #expect(answer.field("content-length") == "\(value.count)")
      }
      let json = try await peer.answer(
        "POST", "\(health)/Check", ["content-type: application/json; charset=utf-8"], body: Array("{}".utf8))
      #expect(json.status == 200 && json.field("content-type") == "application/json")
      #expect(json.text == #"{"status":"SERVING"}"#)
    }
  }

  @Test func overHTTP2Too() async throws {
    try await withConnect { server, _ in
      let peer = try await server.peer()
      let fields: [HeaderField] = [
        [":method", "POST"], [":scheme", "http"], [":path", "\(health)/Check"], [":authority", "test"],
        ["content-type", "application/json"],
      ]
      try await peer.send(.headers(1, fields), .data(1, Array("{}".utf8), end: true))
      let answer = try await peer.response(1)
      #expect(answer.first?.field(":status") == "200")
      #expect(text(answer.filter { $0.kind == .data }.flatMap(\.payload)) == #"{"status":"SERVING"}"#)
      #expect(answer.filter { $0.kind == .headers }.count == 1)
    }
  }

  @Test func metadataAndTrailersAreHeaders() async throws {
    let talk = MethodHandler.unary(.test("Talk", .unary)) { (request: Bytes, context) -> Bytes in
      context.addInitialMetadata(["x-first": context.requestMetadata.text("x-in") ?? ""])
      context.addTrailingMetadata(["x-last": "b"])
      guard request.value.isEmpty else {
        throw RPCError(
          .notFound, "no \"such\" thing", details: [.errorInfo(reason: "GONE", domain: "test")],
          metadata: ["x-error": "c"])
      }
      return request
    }
    try await withConnect([talk]) { _, peer in
      let answer = try await peer.answer("POST", path("Talk"), Self.proto + ["x-in: a"])
      #expect(answer.status == 200 && answer.field("x-first") == "a" && answer.field("trailer-x-last") == "b")
      let error = try await peer.answer("POST", path("Talk"), Self.proto, body: Bytes([1]).wireBytes())
      #expect(error.status == 404 && error.field("content-type") == "application/json")
      #expect(error.field("x-first") == "" && error.field("x-error") == "c" && error.field("trailer-x-last") == "b")
      #expect(
        error.text.hasPrefix(#"{"code":"not_found","message":"no \"such\" thing","details":[{"type":"#))
      #expect(error.text.contains(#""google.rpc.ErrorInfo","value":""#) && error.text.contains(#""reason":"GONE""#))
    }
  }

  /// https://connectrpc.com/docs/protocol#error-codes
  @Test func everyCodeHasItsStatus() async throws {
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (request: Number, _) -> Number in
      throw RPCError(StatusCode(rawValue: Int(request.value)) ?? .unknown, "")
    }
    let expected: [(Int, String)] = [
      (499, "canceled"), (500, "unknown"), (400, "invalid_argument"), (504, "deadline_exceeded"), (404, "not_found"),
      (409, "already_exists"), (403, "permission_denied"), (429, "resource_exhausted"), (400, "failed_precondition"),
      (409, "aborted"), (400, "out_of_range"), (501, "unimplemented"), (500, "internal"), (503, "unavailable"),
      (500, "data_loss"), (401, "unauthenticated"),
    ]
    try await withConnect([fail]) { _, peer in
      for (index, (status, name)) in expected.enumerated() {
        let body = Number(Int64(index + 1)).wireBytes()
        let answer = try await peer.answer("POST", path("Fail"), Self.proto, body: body)
        #expect(answer.status == status && answer.text == "{\"code\":\"\(name)\"}", "\(answer.text)")
      }
    }
  }

  @Test func whatIsWrongIsSaid() async throws {
    try await withConnect([.echo, .count]) {
      $0.maximumRequestSize = 100
    } _: { _, peer in
      func answer(_ path: String, _ fields: [String], _ body: String = "{}") async throws -> HTTP1Peer.Response {
        try await peer.answer("POST", path, fields, body: Array(body.utf8))
      }
      let unknown = try await answer("\(health)/Nope", Self.json)
      #expect(unknown.status == 404 && unknown.text.hasPrefix(#"{"code":"unimplemented","#))
      let elsewhere = try await answer("/nobody.Nothing/Nope", Self.json)
      #expect(elsewhere.status == 415 && elsewhere.field("accept-post")?.contains("application/proto") == true)
      let field = try await answer("\(health)/Check", Self.json, #"{"nickname":"a"}"#)
      #expect(field.status == 400 && field.text.contains("invalid_argument") && field.text.contains("nickname"))
      #expect(try await answer("\(health)/Check", Self.json, "{").status == 400)
      let large = try await answer(
        "\(health)/Check", Self.json, "{\"service\":\"\(String(repeating: "a", count: 200))\"}")
      #expect(large.status == 429 && large.text.contains("resource_exhausted"))
      let version = try await answer("\(health)/Check", Self.json + ["connect-protocol-version: 2"])
      #expect(version.status == 400)
      for timeout in ["", "x", "-1", "12345678901"] {
        let malformed = try await answer("\(health)/Check", Self.json + ["connect-timeout-ms: \(timeout)"])
        #expect(malformed.status == 400 && malformed.text.contains("invalid_argument"))
      }
      let encoding = try await answer("\(health)/Check", Self.json + ["content-encoding: br"])
      #expect(encoding.status == 501 && encoding.field("accept-encoding") == "identity,gzip,deflate,zstd")
      // A stream is no unary call, nor the other way round; and without a descriptor there is no JSON.
      #expect(try await answer(path("Count"), Self.proto).status == 415)
      let stream = try await answer("\(health)/Check", Self.stream)
      #expect(stream.status == 415 && stream.field("accept-post") == "application/proto, application/json")
      #expect(try await answer(path("Echo"), Self.json).status == 415)
      #expect(try await answer("\(health)/Check", Self.json).status == 200)
    }
  }

  @Test func aDeadlineEndsTheCall() async throws {
    let entered = Gate()
    let cancelled = Gate()
    try await withConnect([.park(entered: entered, cancelled: cancelled)]) { _, peer in
      let answer = try await peer.answer("POST", path("Park"), Self.proto + ["connect-timeout-ms: 20"])
      #expect(answer.status == 504 && answer.text.contains("deadline_exceeded"))
      try await cancelled.wait()
    }
  }

  @Test func versionsCanBeRequired() async throws {
    try await withConnect([]) {
      $0.connect?.requiresVersion = true
    } _: { _, peer in
      let check = "\(health)/Check"
      let bare = try await peer.answer("POST", check, Self.json, body: Array("{}".utf8))
      #expect(bare.status == 400)
      let named = Self.json + ["connect-protocol-version: 1"]
      let answer = try await peer.answer("POST", check, named, body: Array("{}".utf8))
      #expect(answer.status == 200)
    }
  }

  // MARK: GET

  static let look = MethodHandler.unary(
    MethodDescriptor(
      service: "test.Service", name: "Look", kind: .unary, options: .with { $0.idempotencyLevel = .noSideEffects })
  ) { (request: Bytes, _) in request }

  @Test func aMethodWithoutSideEffectsIsCalledByGET() async throws {
    try await withConnect([Self.look, .echo]) { _, peer in
      let message = Bytes([0xfb, 0xff, 1]).wireBytes()
      let padded = String(decoding: Base64.encodePadded(message), as: UTF8.self).map { character -> String in
        character == "+" ? "-" : character == "/" ? "_" : String(character)
      }.joined()
      let base64 = padded.prefix { $0 != "=" }
      #expect(padded != base64)
      for query in [
        "connect=v1&encoding=proto&base64=1&message=\(base64)", "message=\(padded)&base64=1&encoding=proto",
      ] {
        let answer = try await peer.answer("GET", "\(path("Look"))?\(query)")
        #expect(answer.status == 200 && answer.body == message)
      }
      let escaped = message.map { "%" + (String($0, radix: 16).count == 1 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(try await peer.answer("GET", "\(path("Look"))?encoding=proto&message=\(escaped)").body == message)
      #expect(try await peer.answer("GET", "\(path("Look"))?encoding=proto&message=").status == 200)
      for query in [
        "", "?encoding=proto", "?message=", "?encoding=xml&message=", "?encoding=proto&message=%",
        "?encoding=proto&message=%2",
        "?encoding=proto&message=a*b&base64=1", "?connect=v2&encoding=proto&message=", "?encoding=proto&message=%zz",
      ] {
        let answer = try await peer.answer("GET", path("Look") + query)
        #expect(answer.status == 400 && answer.text.contains("invalid_argument"), "\(query)")
      }
      let effects = try await peer.answer("GET", "\(path("Echo"))?encoding=proto&message=")
      #expect(effects.status == 405 && effects.field("allow") == "POST")
      #expect(try await peer.answer("GET", "/elsewhere").status == 405)
      let compressed = try await peer.answer("GET", "\(path("Look"))?encoding=proto&message=&compression=br")
      #expect(compressed.status == 501)
    }
  }
}
