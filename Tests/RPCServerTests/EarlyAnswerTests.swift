import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// A request that is answered before it ends gets the whole answer at once. A client that goes on sending gets
/// RST_STREAM(NO_ERROR). RFC 9113, section 8.1.
@Suite struct EarlyAnswerTests {
  struct Request: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let fields: [HeaderField]
    var body: [UInt8] = []
    /// `:status`, and of what is answered as gRPC is `grpc-status`, wherever it stands.
    let status: String
    var grpcStatus: String?
    var configure: @Sendable (inout ServerConfiguration) -> Void = { _ in }

    init(
      _ name: String, _ fields: [HeaderField], _ body: [UInt8] = [], _ status: String = "200", grpc: String? = nil,
      _ configure: @escaping @Sendable (inout ServerConfiguration) -> Void = { _ in }
    ) {
      testDescription = name
      self.fields = fields
      self.body = body
      self.status = status
      grpcStatus = grpc
      self.configure = configure
    }
  }

  private static func request(_ name: String, _ changes: [String: String], _ more: [HeaderField] = []) -> [HeaderField]
  {
    Peer.request(path(name)).map { HeaderField($0.name, changes[$0.name] ?? $0.value) } + more
  }

  private static let serveWeb: @Sendable (inout ServerConfiguration) -> Void = {
    $0.web = WebConfiguration(origins: ["https://app.example.com"])
  }
  private static let stranger: [HeaderField] = [["origin", "https://evil.example.com"]]
  private static let friend: [HeaderField] = [["origin", "https://app.example.com"]]
  private static let preflight: [HeaderField] = [["access-control-request-method", "POST"]]
  private static let web = "application/grpc-web+proto", webText = "application/grpc-web-text"

  static let notGRPC = [
    Request("JSON", request("Echo", ["content-type": "application/json"]), Array("{".utf8), "415"),
    Request("no content type", request("Echo", ["content-type": ""]), [], "415"),
    Request("gRPC-Web where it is not served", request("Echo", ["content-type": web]), grpcFrame([]), "415"),
    Request("PUT", request("Echo", [":method": "PUT"]), [1, 2, 3], "405"),
    Request("HEAD", request("Echo", [":method": "HEAD"]), [], "405"),
    Request("DELETE beside gRPC-Web", request("Echo", [":method": "DELETE"]), [], "405", serveWeb),
    Request("JSON beside gRPC-Web", request("Echo", ["content-type": "application/json"]), [1], "415", serveWeb),
    Request("another origin", request("Echo", ["content-type": web], stranger), grpcFrame([]), "403", serveWeb),
    Request("a preflight", request("Echo", [":method": "OPTIONS"], friend + preflight), [], "204", serveWeb),
    Request(
      "a preflight of another origin", request("Echo", [":method": "OPTIONS"], stranger + preflight), [], "403",
      serveWeb),
  ]

  static let refused = [
    Request(
      "large header section", request("Echo", [:], [["k", String(repeating: "x", count: 3000)]]), [], "431", grpc: "8"
    ) {
      $0.maximumHeaderListSize = 2000
    },
    Request("unknown method", request("Nothing", [:]), grpcFrame([]), grpc: "12"),
    Request("unknown encoding", request("Echo", [:], [["grpc-encoding", "rot13"]]), [1], grpc: "12"),
    Request("malformed timeout", request("Echo", [:], [["grpc-timeout", "soon"]]), grpcFrame([]), grpc: "13"),
    Request("deadline, unary", request("Echo", [:], [["grpc-timeout", "1n"]]), [0, 0], grpc: "4"),
    Request("deadline, in the handler", request("Chat", [:], [["grpc-timeout", "1n"]]), [], grpc: "4"),
    Request("too large a message", request("Echo", [:]), [0, 0xff, 0xff, 0xff, 0xff], grpc: "8"),
    Request("no compression flag", request("Chat", [:]), grpcFrame([], flag: 7), grpc: "13"),
    Request("damaged message", request("Chat", [:]), grpcFrame([0x0a]), grpc: "13"),
    Request("more than one message", request("Echo", [:]), grpcFrame([]) + grpcFrame([]), grpc: "12"),
    Request("too many handlers", request("Chat", [:]), [], grpc: "8") { $0.maximumRunningHandlers = 0 },
    Request("no memory", request("Sum", [:]), [], grpc: "8") { $0.maximumBufferedBytes = -1 },
    Request("unknown method of gRPC-Web", request("Nothing", ["content-type": web]), [], grpc: "12", serveWeb),
    Request("no base64", request("Echo", ["content-type": webText]), Array("!".utf8), grpc: "13", serveWeb),
  ]

  static let ended = [
    Request("handler that returns", request("Greet", [:]), grpc: "0"),
    Request("handler that returns after a message", request("First", [:]), grpcFrame([]), grpc: "0"),
    Request("handler that fails", request("Fail", [:]), grpc: "7"),
  ]

  private static let greet = MethodHandler.clientStreaming(.test("Greet", .clientStreaming)) {
    (_: RequestStream<Bytes>, _) in Bytes([1])
  }
  private static let first = MethodHandler.bidirectionalStreaming(.test("First", .bidirectionalStreaming)) {
    (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, _) in
    for try await request in requests { return try await responses.write(request) }
  }
  private static let fail = MethodHandler.bidirectionalStreaming(.test("Fail", .bidirectionalStreaming)) {
    (_: RequestStream<Bytes>, _: ResponseWriter<Bytes>, _) in throw RPCError(.permissionDenied, "no")
  }

  @Test(arguments: notGRPC + refused + ended)
  func isWholeAndAtOnce(_ request: Request) async throws {
    let methods: [MethodHandler] = [.echo, .chat, .sum, Self.greet, Self.first, Self.fail]
    try await serving(methods, request.configure) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, request.fields))
      if !request.body.isEmpty { try await peer.send(.data(1, request.body)) }
      let frames = try await peer.response(1)
      #expect(frames.first?.field(":status") == request.status)
      #expect(frames.last?.isEnd == true)
      let status = frames.compactMap { $0.field("grpc-status") }.last
      #expect(status == request.grpcStatus)
      try await peer.send(.data(1, bytes(16_384)))
      #expect(try await peer.wait(for: .rstStream, stream: 1).number() == 0)
      // What was on its way is no fault of the client's, and the connection is as good as before.
      try await peer.send(.data(1, [1, 2, 3]), .data(1, [], end: true))
      let rest = try await peer.sync()
      #expect(!rest.contains { $0.kind == .goAway || $0.stream == 1 })
    }
  }

  /// The same for a client that neither ends its request nor sends more of it: its stream must end, too.
  @Test(arguments: [notGRPC[0], refused[1], ended[0]]) func aSilentClientIsReset(_ request: Request) async throws {
    try await serving([.echo, .chat, Self.greet]) {
      $0.times.header = .milliseconds(20)
    } _: { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, request.fields))
      #expect(try await peer.response(1).last?.isEnd == true)
      #expect(try await peer.wait(for: .rstStream, stream: 1).number() == 0)
    }
  }

  /// A server that stops does not wait for requests that it has answered.
  @Test func aStopDoesNotWait() async throws {
    try await serving([.echo]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Self.refused[1].fields))
      #expect(try await peer.response(1).last?.isEnd == true)
      async let stopped: Void = server.server.shutdown(grace: .seconds(30))
      #expect(try await peer.wait(for: .rstStream, stream: 1).number() == 0)
      _ = try await peer.rest()
      peer.closeSending()
      await stopped
    }
  }

  /// A request that ends is not reset.
  @Test(arguments: notGRPC.prefix(5)) func aWholeRequestIsNotReset(_ request: Request) async throws {
    try await serving([.echo]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, request.fields), .data(1, request.body, end: true))
      let frames = try await peer.response(1) + peer.sync()
      #expect(frames.first?.field(":status") == request.status)
      #expect(frames.of(.rstStream).isEmpty)
    }
  }
}
