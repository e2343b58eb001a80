import Foundation
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// Clients take 8 KiB of trailers: whatever peers send and handlers say, the status comes through.
@Suite struct TrailerTests {
  private static let long = String(repeating: "x", count: 10_000)

  /// Bytes, counting 32 a field.
  private func weight(_ fields: [HeaderField]) -> Int {
    fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
  }

  @Test(
    arguments: [
      ("/\(long)/Echo", []), ("/test.Service/\(long)", []), ("/\(long)", []),
      (path("Echo"), [["grpc-encoding", long]]), (path("Echo"), [["grpc-timeout", long]]),
    ] as [(String, [HeaderField])])
  func aPeersWordsAreCut(path: String, fields: [HeaderField]) async throws {
    try await serving([.echo]) {
      $0.errorDomain = "test"
    } _: { server in
      let reply = try await server.client().call(path, bytes: [], metadata: fields)
      #expect(reply.isTrailersOnly && reply.status != 0)
      #expect(reply.text.utf8.count < 400)
      #expect(weight(reply.headers) < 2048)
    }
  }

  @Test func aPeersWordsInMessagesAreCut() async throws {
    let services: [any ServiceProvider] = [HealthService()]
    try await serving(services: services + Reflection.services(for: services)) { server in
      let client = try await server.client()
      // grpc.health.v1.HealthCheckRequest.service and grpc.reflection.v1.ServerReflectionRequest.file_by_filename.
      let name = Google_Protobuf_StringValue.with { $0.value = Self.long }.wireBytes()
      let health = try await client.call("/grpc.health.v1.Health/Check", bytes: name)
      #expect(health.status == 5 && health.text.utf8.count < 400)
      let reflection = try await client.call(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", bytes: [0x1a] + name.dropFirst())
      let answer = try #require(reflection.messages.first)
      // The protocol has the request repeated; the reason does so no more.
      #expect(answer.count < Self.long.utf8.count + 400)
    }
  }

  private static func failure(_ context: ServerContext) -> RPCError {
    var metadata = Metadata()
    metadata.add("x-first", "kept")
    for number in 0..<100 { metadata.add("x-\(number)", long) }
    metadata.add("x-last", "kept")
    context.addTrailingMetadata(metadata)
    let details =
      [ErrorDetail.errorInfo(reason: "FIRST", domain: "test")]
      + (0..<100).map { number in
        ErrorDetail.localizedMessage("\(number) " + String(repeating: "ü", count: 100), locale: "de")
      }
    return RPCError(.dataLoss, String(repeating: "%ü", count: 50_000), details: details, metadata: metadata)
  }

  private static let fail = MethodHandler.bidirectionalStreaming(.test("Fail", .bidirectionalStreaming)) {
    (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, context) in
    for try await request in requests { try await responses.write(request) }
    throw failure(context)
  }

  /// Before and behind a message.
  @Test(arguments: [[], [[1, 2]]] as [[[UInt8]]])
  func aHandlersWordsAreCut(messages: [[UInt8]]) async throws {
    try await serving([Self.fail]) { server in
      let call = try await server.client().start(path("Fail"))
      for message in messages { try await call.send(Bytes(message)) }
      try await call.end()
      let reply = try await call.finish()
      #expect(reply.messages.count == messages.count)
      #expect(reply.status == 15)
      #expect(weight(reply.trailers) <= 8192)
      #expect(reply.text.hasPrefix("%ü%ü") && reply.text.hasSuffix("…"))
      #expect(
        reply.value("x-first", in: reply.trailers) == "kept" && reply.value("x-last", in: reply.trailers) == "kept")
      let status = try Google_Rpc_Status(wireBytes: try #require(reply.details))
      let error = try #require(RPCError(status))
      #expect(error.message == reply.text)
      #expect(error.details.errorInfo?.reason == "FIRST")
      let numbers = error.details.localizedMessages.map { $0.message.prefix { $0 != " " } }
      #expect(numbers.count > 2 && numbers == (0..<numbers.count).map { "\($0)" })
    }
  }

  @Test func aHugeDetailIsLeftOut() async throws {
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in
      throw RPCError(.internal, "no", details: [.debugInfo(detail: Self.long)])
    }
    try await serving([fail]) { server in
      let reply = try await server.client().call(path("Fail"), Bytes())
      #expect(reply.status == 13 && reply.text == "no" && reply.details == nil)
    }
  }

  /// What fits stays as it is.
  @Test func ordinaryErrorsAreWhole() async throws {
    let text = String(repeating: "m", count: 2000)
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in
      throw RPCError(
        .internal, text, details: [.debugInfo(detail: String(text.prefix(1000))), .retryInfo(delay: .seconds(1))],
        metadata: ["x-a": "1"])
    }
    try await serving([fail]) {
      $0.errorDomain = "test"
    } _: { server in
      let reply = try await server.client().call(path("Fail"), Bytes())
      #expect(reply.text == text && reply.value("x-a", in: reply.trailers) == "1")
      let status = try Google_Rpc_Status(wireBytes: try #require(reply.details))
      #expect(status.message == text && status.details.count == 3)
    }
  }

  /// In gRPC-Web the trailers are bytes of the body.
  @Test func contentTypesAndPreflightsHaveLimits() async throws {
    let origin: HeaderField = ["origin", "https://app.example.com"]
    try await serving([.echo]) {
      $0.web = WebConfiguration(origins: [origin.value])
    } _: { server in
      let peer = try await server.peer()
      let type = HeaderField("content-type", "application/grpc-web+proto;\(Self.long)")
      let request = Peer.request(path("Echo")).map { $0.name == "content-type" ? type : $0 }
      try await peer.send(.headers(1, request), .data(1, grpcFrame([]), end: true))
      #expect(try await peer.response(1).first?.field("content-type") == "application/grpc-web+proto")
      let preflight: [HeaderField] = [
        [":method", "OPTIONS"], [":scheme", "http"], [":path", path("Echo")], [":authority", "test"], origin,
        ["access-control-request-method", "POST"], ["access-control-request-headers", Self.long],
      ]
      try await peer.send(.headers(3, preflight, end: true))
      let refusal = try await peer.response(3).first
      #expect(refusal?.field(":status") == "431" && refusal?.field("access-control-allow-headers") == nil)
    }
  }
}
