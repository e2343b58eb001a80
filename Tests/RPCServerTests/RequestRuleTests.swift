import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// What the server takes for a gRPC request, and how it says no.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
@Suite struct RequestRuleTests {
  private let message = grpcFrame(Bytes([1]).wireBytes())

  /// One request of these fields and this body; the frames of its answer.
  private func answer(
    _ server: TestServer, _ fields: [HeaderField], _ body: [UInt8], trailers: [HeaderField]? = nil
  ) async throws -> [Frame] {
    let peer = try await server.peer()
    try await peer.send(.headers(1, fields), .data(1, body, end: trailers == nil))
    if let trailers { try await peer.send(.headers(1, trailers, end: true)) }
    return try await peer.response(1)
  }

  private func expectServed(
    _ server: TestServer, _ fields: [HeaderField], _ body: [UInt8], trailers: [HeaderField]? = nil
  ) async throws {
    let frames = try await answer(server, fields, body, trailers: trailers)
    #expect(frames.map(\.kind) == [.headers, .data, .headers])
    #expect(frames.last?.field("grpc-status") == "0")
  }

  private func expectTrailersOnly(_ frames: [Frame], _ status: Int, _ text: String) {
    #expect(frames.of(.data).isEmpty)
    #expect(frames.first?.isEnd == true)
    #expect(frames.first?.field(":status") == "200")
    #expect(frames.first?.field("content-type") == "application/grpc")
    #expect(frames.first?.field("grpc-status") == "\(status)")
    #expect(frames.first?.field("grpc-message")?.contains(text) == true, "\(frames)")
  }

  @Test(arguments: [
    "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc+proto;v=1",
  ])
  func contentTypesOfGRPCAreTaken(type: String) async throws {
    try await serving([.echo]) { server in
      let fields = Peer.request(path("Echo")).map { $0.name == "content-type" ? HeaderField("content-type", type) : $0 }
      try await expectServed(server, fields, message)
    }
  }

  /// Other subtypes of gRPC say that the messages are no protobuf: they are not taken for it.
  @Test(arguments: [
    "application/json", "text/html", "application/grpcfoo", "application/grpc-web", "application/grpc+json",
    "application/grpc+", "application/grpc+protobuf", "application/grpc+json;charset=utf-8", "", nil,
  ])
  func otherContentTypesAreUnsupported(type: String?) async throws {
    try await serving([.echo]) { server in
      let fields = Peer.request(path("Echo")).filter { $0.name != "content-type" }
      let frames = try await answer(server, fields + (type.map { [HeaderField("content-type", $0)] } ?? []), message)
      #expect(frames.first?.field(":status") == "415")
      #expect(frames.first?.field("grpc-status") == nil)
      #expect(frames.last?.isEnd == true)
    }
  }

  @Test func otherMethodsThanPOSTAreNotAllowed() async throws {
    try await serving([.echo]) { server in
      let fields = Peer.request(path("Echo")).map { $0.name == ":method" ? HeaderField(":method", "GET") : $0 }
      let frames = try await answer(server, fields, [])
      #expect(frames.first?.field(":status") == "405")
      #expect(frames.first?.field("allow") == "POST")
    }
  }

  /// `te: trailers` shows that no proxy in between drops trailers. Who leaves it out is served all the same.
  @Test func aRequestWithoutTEIsServed() async throws {
    try await serving([.echo]) { server in
      let fields = Peer.request(path("Echo")).filter { $0.name != "te" }
      try await expectServed(server, fields, message)
    }
  }

  @Test(arguments: [
    ("/test.Service/Nothing", "service test.Service has no method Nothing"),
    ("/no.Service/Echo", "there is no service no.Service"),
    ("/test.Service/echo", "no method echo"), ("/test.Service/Echo/", "the path is not /service/method"),
    ("/", "the path is not /service/method"), ("//", "no service"),
    ("/test.Service", "the path is not /service/method"),
    ("/test.Service/Echo?x=1", "no method"), ("/\u{263a}/\u{263a}", "no service"),
  ])
  func unknownPathsAreUnimplemented(path: String, text: String) async throws {
    try await serving([.echo]) { server in
      expectTrailersOnly(try await answer(server, Peer.request(path), message), 12, text)
    }
  }

  @Test(arguments: ["", "1", "S", "123456789S", "1x", "-1S", "1.5S"])
  func aMalformedTimeoutIsAnErrorOfTheCall(timeout: String) async throws {
    try await serving([.echo]) { server in
      let peer = try await server.peer()
      try await peer.send(
        .headers(1, Peer.request(path("Echo"), [["grpc-timeout", timeout]])), .data(1, message, end: true))
      expectTrailersOnly(try await peer.response(1), 13, "grpc-timeout")
      // The connection is as good as before.
      try await peer.send(
        .headers(3, Peer.request(path("Echo"), [["grpc-timeout", "99999999H"]])), .data(3, message, end: true))
      #expect(try await peer.response(3).last?.field("grpc-status") == "0")
    }
  }

  /// Upstream's status code document: UNIMPLEMENTED for a wrong number of messages.
  @Test(arguments: ["Echo", "Count"])
  func aSingleRequestMustBeSingle(method: String) async throws {
    try await serving([.echo, .count]) { server in
      let fields = Peer.request(path(method))
      expectTrailersOnly(try await answer(server, fields, []), 12, "no message")
      expectTrailersOnly(try await answer(server, fields, grpcFrame([]) + grpcFrame([])), 12, "more than one")
      expectTrailersOnly(try await answer(server, fields, grpcFrame([]) + [0]), 12, "more than one")
      expectTrailersOnly(try await answer(server, fields, [0, 0, 0, 0, 1]), 13, "ends inside a message")
      expectTrailersOnly(try await answer(server, fields, [0, 0]), 13, "ends inside a message")
      // Trailers of the client end its request as END_STREAM on DATA does.
      try await expectServed(server, fields, grpcFrame(Number(1).wireBytes()), trailers: [["x", "y"]])
    }
  }

  @Test func aStreamThatEndsInsideAMessageIsAnError() async throws {
    try await serving([.sum]) { server in
      let frames = try await answer(server, Peer.request(path("Sum")), grpcFrame([]) + [0, 0, 0, 0, 9, 1])
      expectTrailersOnly(frames, 13, "ends inside a message")
    }
  }

  @Test(arguments: ["Echo", "Chat"])
  func messagesOverTheLimitAreRefused(method: String) async throws {
    try await serving([.echo, .chat]) {
      $0.maximumRequestSize = 1000
    } _: { server in
      let client = try await server.client()
      // A field's tag and length take three bytes.
      #expect(try await client.call(path(method), Bytes(bytes(996))).status == 0)
      #expect(try await client.call(path(method), Bytes(bytes(997))).status == 0)
      let refused = try await client.call(path(method), Bytes(bytes(998)))
      #expect(refused.status == 8)
      #expect(refused.text.contains("1001") && refused.text.contains("1000"))
      // Said by the prefix, before the message is there.
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path(method))), .data(1, [0, 0xff, 0xff, 0xff, 0xff]))
      let frames = try await peer.response(1)
      #expect(frames.last?.field("grpc-status") == "8")
    }
  }

  @Test(arguments: ["Echo", "Chat"])
  func compressedMessagesNeedAnEncoding(method: String) async throws {
    try await serving([.echo, .chat]) { server in
      let fields = Peer.request(path(method))
      expectTrailersOnly(try await answer(server, fields, grpcFrame([1], flag: 1)), 13, "compressed")
      expectTrailersOnly(try await answer(server, fields, grpcFrame([1], flag: 2)), 13, "compression flag")
      expectTrailersOnly(try await answer(server, fields, grpcFrame([1], flag: 255)), 13, "compression flag")
    }
  }

  @Test func unknownEncodingsAreUnimplemented() async throws {
    try await serving([.echo]) { server in
      let frames = try await answer(
        server, Peer.request(path("Echo"), [["grpc-encoding", "rot13"]]), grpcFrame([1], flag: 1))
      expectTrailersOnly(frames, 12, "rot13")
      #expect(frames.first?.field("grpc-accept-encoding")?.contains("identity") == true)
      try await expectServed(server, Peer.request(path("Echo"), [["grpc-encoding", "identity"]]), message)
    }
  }

  /// Bad wire bytes: truncated, an unknown wire type, invalid UTF-8 in a string, a length beyond the message.
  @Test(
    arguments: [[0x0a], [0x0f], [0x0a, 0x05, 1], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]
      as [[UInt8]])
  func messagesThatCannotBeDecodedAreInternal(wire: [UInt8]) async throws {
    try await serving([.echo, .chat]) { server in
      expectTrailersOnly(
        try await answer(server, Peer.request(path("Echo")), grpcFrame(wire)), 13, "could not be decoded")
      expectTrailersOnly(
        try await answer(server, Peer.request(path("Chat")), grpcFrame(wire)), 13, "could not be decoded")
    }
  }

  @Test func headerSectionsHaveALimit() async throws {
    try await serving([.echo]) {
      $0.maximumHeaderListSize = 2000
    } _: { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Echo"), [["k", String(repeating: "x", count: 3000)]])))
      let frames = try await peer.response(1)
      #expect(frames.first?.field(":status") == "431")
      #expect(frames.first?.field("grpc-status") == "8")
      try await peer.send(.headers(3, Peer.request(path("Echo"))), .data(3, message, end: true))
      #expect(try await peer.response(3).last?.field("grpc-status") == "0")
    }
  }
}

extension [Frame] {
  func of(_ kind: Frame.Kind) -> [Frame] { filter { $0.kind == kind } }
}
