import Compression
import HTTP
import Primitives
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// Streams, compression, and what is beside them.
extension ConnectTests {
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
