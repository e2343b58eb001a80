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
  private static let proto = ["content-type: application/proto"]
  private static let json = ["content-type: application/json"]
  private static let stream = ["content-type: application/connect+proto"]
  private let health = "/grpc.health.v1.Health"

  private func withConnect(
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
  private func envelopes(_ body: [UInt8]) -> [(flags: UInt8, content: [UInt8])] {
    var rest = body[...]
    var found: [(UInt8, [UInt8])] = []
    while let flags = rest.first, rest.count >= 5 {
      let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
      found.append((flags, Array(rest.dropFirst(5).prefix(length))))
      rest = rest.dropFirst(5 + length)
    }
    return found
  }

  private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

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

  private static let look = MethodHandler.unary(
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

  // MARK: Streams

  @Test func streamsAreEnvelopes() async throws {
    try await withConnect([.count, .sum, .chat]) { _, peer in
      let count = try await peer.answer(
        "POST", path("Count"), Self.stream, body: grpcFrame(Number(3).wireBytes()))
      #expect(count.status == 200 && count.field("content-type") == "application/connect+proto")
      let parts = envelopes(count.body)
      #expect(parts.map(\.flags) == [0, 0, 0, 2])
      #expect(parts.dropLast().map(\.content) == [1, 2, 3].map { Number($0).wireBytes() })
      #expect(text(parts.last?.content) == "{}")
      let sum = try await peer.answer(
        "POST", path("Sum"), Self.stream, body: (1...10).flatMap { grpcFrame(Number(Int64($0)).wireBytes()) })
      #expect(envelopes(sum.body).first?.content == Number(55).wireBytes() && envelopes(sum.body).count == 2)
      let chat = try await peer.answer(
        "POST", path("Chat"), Self.stream, body: (1...3).flatMap { grpcFrame(Bytes([$0]).wireBytes()) })
      #expect(envelopes(chat.body).count == 4)
    }
  }

  @Test func aStreamEndsWithItsStatus() async throws {
    let fail = MethodHandler.serverStreaming(.test("Fail", .serverStreaming)) {
      (request: Number, responses: ResponseWriter<Number>, context) in
      context.addTrailingMetadata(["x-last": "b", "x-more": "c"])
      for number in stride(from: 0, to: request.value, by: 1) { try await responses.write(Number(number)) }
      throw RPCError(.aborted, "enough", metadata: ["x-last": "d"])
    }
    try await withConnect([fail]) { _, peer in
      for count in Int64(0)...2 {
        let answer = try await peer.answer(
          "POST", path("Fail"), Self.stream, body: grpcFrame(Number(count).wireBytes()))
        let parts = envelopes(answer.body)
        #expect(answer.status == 200 && parts.map(\.flags) == [UInt8](repeating: 0, count: Int(count)) + [2])
        #expect(
          text(parts.last?.content)
            == #"{"error":{"code":"aborted","message":"enough"},"metadata":{"x-last":["b","d"],"x-more":["c"]}}"#)
      }
      let unknown = try await peer.answer("POST", path("Nope"), Self.stream, body: grpcFrame([]))
      let explanation = text(envelopes(unknown.body).last?.content)
      #expect(unknown.status == 200 && explanation.contains("unimplemented"))
      let flagged = try await peer.answer("POST", path("Fail"), Self.stream, body: [2, 0, 0, 0, 0])
      let refusal = text(envelopes(flagged.body).last?.content)
      #expect(refusal.contains("internal"))
    }
  }

  @Test func aStreamOfJSON() async throws {
    try await withConnect { server, peer in
      try await peer.request(
        "POST", "\(health)/Watch", ["content-type: application/connect+json", "connect-timeout-ms: 200"],
        body: grpcFrame(Array("{}".utf8)))
      let answer = try await peer.response()
      let parts = envelopes(answer.body)
      #expect(answer.field("content-type") == "application/connect+json" && parts.map(\.flags) == [0, 2])
      #expect(text(parts.first?.content) == #"{"status":"SERVING"}"#)
      let end = text(parts.last?.content)
      #expect(end.contains("deadline_exceeded"))
    }
  }

  // MARK: Compression

  @Test(arguments: [CompressionAlgorithm.gzip, .deflate, .zstd]) func messagesAreCompressed(
    algorithm: CompressionAlgorithm
  ) async throws {
    let codec = MessageCodec()
    func compressed(_ message: [UInt8]) throws -> [UInt8] {
      try message.withUnsafeBytes { try codec.withCompressed($0, algorithm) { Array($0) } }
    }
    func plain(_ message: [UInt8]) throws -> [UInt8] {
      try message.withUnsafeBytes { try codec.withDecompressed($0, algorithm, limit: 1 << 20) { Array($0) } }
    }
    let value = Bytes([UInt8](repeating: 7, count: 10_000)).wireBytes()
    try await withConnect([.echo, .chat]) {
      $0.responseCompression = algorithm
    } _: { _, peer in
      let fields = Self.proto + ["content-encoding: \(algorithm)", "accept-encoding: br, \(algorithm);q=0.5"]
      let unary = try await peer.answer("POST", path("Echo"), fields, body: compressed(value))
      #expect(unary.field("content-encoding") == algorithm.name)
      let decompressed = try plain(unary.body)
      #expect(decompressed == value)
      // What gets no smaller goes as it is.
      let small = try await peer.answer("POST", path("Echo"), fields, body: compressed(Bytes([1]).wireBytes()))
      #expect(small.field("content-encoding") == nil && small.body == Bytes([1]).wireBytes())
      let refused = try await peer.answer(
        "POST", path("Echo"), Self.proto + ["accept-encoding: \(algorithm);q=0"], body: value)
      #expect(refused.field("content-encoding") == nil && refused.body == value)
      let message = try compressed(value)
      let envelope = [UInt8(1)] + grpcFrame(message).dropFirst()
      let stream = try await peer.answer(
        "POST", path("Chat"),
        Self.stream + ["connect-content-encoding: \(algorithm)", "connect-accept-encoding: \(algorithm)"],
        body: envelope + grpcFrame(value))
      let parts = envelopes(stream.body)
      #expect(stream.field("connect-content-encoding") == algorithm.name && parts.map(\.flags) == [1, 1, 2])
      let contents = try parts.dropLast().map { try plain($0.content) }
      #expect(contents == [value, value])
      let damaged = try await peer.answer("POST", path("Echo"), fields, body: [1, 2, 3])
      #expect(damaged.status == 500 && damaged.text.contains("internal"))
      let json = try await peer.answer(
        "POST", "\(health)/Check", Self.json + ["content-encoding: \(algorithm)"], body: compressed(Array("{}".utf8)))
      #expect(json.text == #"{"status":"SERVING"}"#)
    }
  }

  // MARK: JSON bodies of gRPC

  @Test(arguments: ["application/grpc+json", "application/grpc-web+json", "application/grpc-web-text+json"])
  func gRPCTakesJSON(contentType: String) async throws {
    try await withConnect([.echo]) { server, _ in
      let peer = try await server.peer()
      let isText = contentType.contains("text")
      func ask(_ stream: UInt32, _ path: String, _ json: String) async throws -> [Frame] {
        let fields: [HeaderField] = [
          [":method", "POST"], [":scheme", "http"], [":path", path], [":authority", "test"],
          ["content-type", contentType], ["te", "trailers"],
        ]
        let body = grpcFrame(Array(json.utf8))
        try await peer.send(
          .headers(stream, fields), .data(stream, isText ? Base64.encodePadded(body) : body, end: true))
        return try await peer.response(stream)
      }
      let answer = try await ask(1, "\(health)/Check", "{}")
      #expect(answer.first?.field("content-type") == contentType)
      var body = answer.filter { $0.kind == .data }.flatMap(\.payload)
      if isText {
        var decoder = Base64.Stream()
        body = body.withUnsafeBytes { decoder.decode($0) } ?? []
      }
      #expect(text(envelopes(body).first?.content) == #"{"status":"SERVING"}"#)
      let broken = try await ask(3, "\(health)/Check", "{")
      let status = broken.compactMap { $0.field("grpc-status") }.first
      #expect(status == "3")
      let unknown = try await ask(5, "\(health)/Nope", "{}")
      #expect(unknown.compactMap { $0.field("grpc-status") }.first == "12")
      // Without a descriptor there is no JSON.
      #expect(try await ask(7, path("Echo"), "{}").first?.field(":status") == "415")
    }
  }

  // MARK: Beside the calls

  @Test func pagesOfOtherOriginsAreAnswered() async throws {
    try await withConnect([.echo]) { _, peer in
      let origin = "origin: https://app.example.com"
      let answer = try await peer.answer("POST", path("Echo"), Self.proto + [origin])
      #expect(answer.field("access-control-allow-origin") == "https://app.example.com")
      let preflight = try await peer.answer(
        "OPTIONS", path("Echo"),
        [origin, "access-control-request-method: POST", "access-control-request-headers: connect-protocol-version"])
      #expect(preflight.status == 204 && preflight.field("access-control-allow-methods") == "POST, GET")
      #expect(try await peer.answer("POST", path("Echo"), Self.proto + ["origin: https://x.example"]).status == 403)
    }
  }

  @Test func interceptorsRefuseByTheHead() async throws {
    final class Refusing: ServerInterceptor {
      func accept(_ context: ServerContext) throws(RPCError) {
        throw RPCError(.unauthenticated, "who are you?", metadata: ["www-authenticate": "Bearer"])
      }
      func intercept(_ context: ServerContext, next: () async throws -> Void) async throws { try await next() }
    }
    try await withConnect([.echo], interceptors: [Refusing()]) { _, peer in
      let answer = try await peer.answer("POST", path("Echo"), Self.proto)
      #expect(answer.status == 401 && answer.field("www-authenticate") == "Bearer")
      #expect(answer.text == #"{"code":"unauthenticated","message":"who are you?"}"#)
    }
  }

  @Test func itIsServedOnlyWhereItIsAskedFor() async throws {
    try await serving([.echo]) { server in
      let peer = try await HTTP1Peer(server.address)
      #expect(try await peer.answer("POST", path("Echo"), Self.proto).status == 415)
      #expect(try await peer.answer("POST", path("Echo"), Self.stream).status == 415)
      #expect(try await peer.answer("GET", "\(path("Look"))?encoding=proto&message=").status == 405)
    }
  }
}
