import Compression
import EventLoop
import HTTP
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import TestPeer
import Testing

/// gRPC-Web: with our own server, and what the client makes of responses by the rules and against them.
@Suite(.timeLimit(.minutes(2))) struct GRPCWebTests {
  private static let head: [HeaderField] = [[":status", "200"], ["content-type", "application/grpc-web+proto"]]

  private static func trailers(_ text: String, flag: UInt8 = 0x80) -> [UInt8] {
    grpcFrame(Array(text.utf8), flag: flag)
  }

  // MARK: With our own server

  @Test func metadataStatusAndDetails() async throws {
    let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      context.addInitialMetadata(["from": context.requestMetadata.text("who") ?? ""])
      context.addTrailingMetadata(["more": "x: y"])
      guard request.value.isEmpty else {
        throw RPCError(.notFound, "none: ü", details: [ErrorDetail(Number(7))])
      }
      return Bytes([1])
    }
    let fail = MethodHandler.serverStreaming(.test("Count", .serverStreaming)) {
      (_: Number, responses: ResponseWriter<Number>, context) in
      context.addTrailingMetadata(["more": "z"])
      try await responses.write(Number(1))
      throw RPCError(.aborted, "late: ü", details: [ErrorDetail(Number(8))])
    }
    try await serving([look, fail], { $0.web = WebConfiguration() }) { server in
      let client = try server.client { $0.protocol = .grpcWeb }
      let record = CallRecord()
      let options = CallOptions.with {
        $0.metadata = ["who": "me"]
        $0.record = record
      }
      #expect(try await client.call("Look", [], options) == [1])
      #expect(record.initialMetadata?.text("from") == "me" && record.trailingMetadata?.text("more") == "x: y")
      let error = await client.status(of: "Look", [1], options)
      #expect(error.code == .notFound && error.message == "none: ü" && error.metadata.text("more") == "x: y")
      #expect(error.details.first(as: Number.self) == Number(7))
      // The status is in the body here, behind a message.
      let numbers = client.count(1).makeAsyncIterator()
      #expect(try await numbers.next() == Number(1))
      let late = await #expect(throws: RPCError.self) { try await numbers.next() }
      #expect(late?.code == .aborted && late?.message == "late: ü" && late?.metadata.text("more") == "z")
      #expect(late?.details.first(as: Number.self) == Number(8))
      #expect(await client.status(of: "Nowhere").code == .unimplemented)
    }
  }

  @Test func aServerWithoutIt() async throws {
    try await serving([.echo]) { server in
      let client = try server.client { $0.protocol = .grpcWeb }
      let error = await client.status(of: "Echo")
      #expect(error.code == .unknown && error.message.contains("415"))
    }
  }

  // MARK: Frame by frame

  /// The status of a unary call whose response is these frames.
  private func status(
    _ configure: @escaping (inout ChannelConfiguration) -> Void = { _ in },
    _ frames: @escaping @Sendable (UInt32) -> [Frame]
  ) async throws -> RPCError {
    let server = try await ScriptedServer()
    let client = try server.client {
      $0.protocol = .grpcWeb
      configure(&$0)
    }
    return try await TestLoop.run {
      async let error = client.status(of: "Call", [1])
      let peer = try await server.open()
      let stream = try await peer.request().stream
      try await peer.send(frames(stream).flatMap(\.bytes))
      let result = await error
      peer.close()
      return result
    }
  }

  private func status(body: [UInt8], _ fields: [HeaderField] = []) async throws -> RPCError {
    try await status { [Frame.headers($0, Self.head + fields), Frame.data($0, body, end: true)] }
  }

  @Test func trailersInTheBody() async throws {
    let message = grpcFrame(Bytes([7]).wireBytes())
    #expect(try await status(body: message + Self.trailers("grpc-status: 0\r\n")).code == .ok)
    let text = "Grpc-Status:9\r\ngRPC-Message:  n%C3%B6 \r\nx-Custom: a: b\r\nX-CUSTOM: c\r\n\r\n"
    let error = try await status(body: Self.trailers(text))
    #expect(error.code == .failedPrecondition && error.message == "nö")
    #expect(error.metadata.texts("x-custom") == ["a: b", "c"])
    let without = try await status(body: message + Self.trailers("x: y\r\n"))
    #expect(without.code == .unknown && without.metadata.text("x") == "y")
    #expect(try await status(body: message + Self.trailers("")).code == .unknown)
  }

  /// Each byte comes in a frame of its own.
  @Test func byteByByte() async throws {
    let body = grpcFrame([]) + Self.trailers("grpc-status: 9\r\nx: y\r\n")
    let error = try await status { stream in
      [Frame.headers(stream, Self.head)] + body.map { Frame.data(stream, [$0]) } + [Frame.data(stream, [], end: true)]
    }
    #expect(error.code == .failedPrecondition && error.metadata.text("x") == "y")
  }

  /// The message, which nobody reads before the end, fills the stream's window, and the trailers still may be sent.
  @Test func trailersBehindAFullWindow() async throws {
    let server = try await ScriptedServer()
    let client = try server.client {
      $0.protocol = .grpcWeb
      $0.streamWindow = 65_535
    }
    try await TestLoop.run {
      async let answer = client.call("Call", [1])
      let peer = try await server.open()
      let stream = try await peer.request().stream
      let message = grpcFrame(Bytes(bytes(65_526)).wireBytes())
      #expect(message.count == 65_535)
      // The first part is taken, but is too little for a WINDOW_UPDATE; the rest comes in one piece.
      let first = Frame.data(stream, Array(message[..<16_000]))
      try await peer.send(Frame.headers(stream, Self.head), first, Frame.ping(7))
      _ = try await peer.wait(for: .ping)
      let rest = stride(from: 16_000, to: message.count, by: 16_000).map {
        Frame.data(stream, Array(message[$0..<min($0 + 16_000, message.count)]))
      }
      try await peer.send(rest.flatMap(\.bytes))
      _ = try await peer.wait(for: .windowUpdate, stream: stream)
      try await peer.send(Frame.data(stream, Self.trailers("grpc-status: 0\r\n"), end: true))
      #expect(try await answer == bytes(65_526))
      peer.close()
    }
  }

  @Test func compressedTrailers() async throws {
    func frame(_ text: String) throws -> [UInt8] {
      try Array(text.utf8).withUnsafeBytes { text in
        try MessageCodec().withCompressed(text, .gzip) { grpcFrame(Array($0), flag: 0x81) }
      }
    }
    let short = try frame("grpc-status: 9\r\n")
    #expect(try await status(body: short, [["grpc-encoding", "gzip"]]).code == .failedPrecondition)
    #expect(try await status(body: short).code == .internal)
    #expect(try await status(body: short, [["grpc-encoding", "zstd"]]).code == .internal)
    let bomb = try frame("grpc-status: 9\r\nx: " + String(repeating: "y", count: 100_000))
    #expect(try await status(body: bomb, [["grpc-encoding", "gzip"]]).code == .resourceExhausted)
  }

  @Test func againstTheRules() async throws {
    let message = grpcFrame(Bytes([7]).wireBytes())
    let good = Self.trailers("grpc-status: 0\r\n")
    #expect(try await status(body: message).code == .internal)
    #expect(try await status(body: []).code == .internal)
    #expect(try await status(body: good).code == .unimplemented)
    #expect(try await status(body: message + message + good).code == .unimplemented)
    #expect(try await status(body: Array(message.dropLast())).code == .internal)
    #expect(try await status(body: message + good.dropLast()).code == .internal)
    #expect(try await status(body: message + good.prefix(3)).code == .internal)
    #expect(try await status(body: message + good + [0]).code == .internal)
    #expect(try await status(body: message + good + good).code == .internal)
    #expect(try await status(body: good + message).code == .internal)
    for flag: UInt8 in [2, 0x40, 0x82, 0xff] {
      #expect(try await status(body: grpcFrame([], flag: flag) + good).code == .internal)
    }
    for text in ["grpc-status", ":", ": 0", "a b: c", "grpc-status: 0\r\nx: \u{1}", "x\0: y"] {
      #expect(try await status(body: message + Self.trailers(text)).code == .internal)
    }
    #expect(try await status(body: message + [0x80, 0xff, 0xff, 0xff, 0xff]).code == .resourceExhausted)
    let many = Self.trailers(String(repeating: "a:\r\n", count: 1000) + "grpc-status: 0\r\n")
    #expect(try await status(body: message + many).code == .resourceExhausted)
    let small = try await status({ $0.headerLimit = 1000 }) {
      [
        Frame.headers($0, Self.head),
        Frame.data($0, message + Self.trailers("x: " + String(repeating: "y", count: 1000)), end: true),
      ]
    }
    #expect(small.code == .resourceExhausted)
  }

  /// Trailers of HTTP/2 are none of gRPC-Web's.
  @Test func trailersBehindTheBody() async throws {
    let message = grpcFrame(Bytes([7]).wireBytes())
    let neither = try await status {
      [Frame.headers($0, Self.head), Frame.data($0, message), Frame.headers($0, [["grpc-status", "0"]], end: true)]
    }
    #expect(neither.code == .internal)
    let both = try await status {
      [
        Frame.headers($0, Self.head), Frame.data($0, Self.trailers("grpc-status: 9")),
        Frame.headers($0, [["grpc-status", "8"]], end: true),
      ]
    }
    #expect(both.code == .failedPrecondition)
  }

  @Test func aStatusInTheHead() async throws {
    let head = Self.head + [["grpc-status", "5"], ["x", "y"]]
    let alone = try await status { [Frame.headers($0, head, end: true)] }
    #expect(alone.code == .notFound && alone.metadata.text("x") == "y")
    let body = Self.trailers("grpc-status: 9\r\n")
    #expect(
      try await status { [Frame.headers($0, head), Frame.data($0, body, end: true)] }.code == .failedPrecondition)
  }

  @Test func contentTypes() async throws {
    let body = grpcFrame(Bytes([7]).wireBytes()) + Self.trailers("grpc-status: 0\r\n")
    func code(_ type: String) async throws -> StatusCode {
      try await status {
        [Frame.headers($0, [[":status", "200"], ["content-type", type]]), Frame.data($0, body, end: true)]
      }.code
    }
    for type in ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web; charset=utf-8"] {
      #expect(try await code(type) == .ok)
    }
    for type in ["application/grpc", "application/grpc-web-text", "application/grpc-web+json", "text/plain"] {
      #expect(try await code(type) == .unknown)
    }
  }

  /// An answer that is a status alone commits to nothing; the next attempt's body begins anew.
  @Test func aRetry() async throws {
    let server = try await ScriptedServer()
    let config = try ServiceConfig(
      json: """
        {"methodConfig": [{"name": [{}], "retryPolicy": {
          "maxAttempts": 2, "initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1,
          "retryableStatusCodes": ["UNAVAILABLE"]}}]}
        """)
    let client = try server.client {
      $0.protocol = .grpcWeb
      $0.serviceConfig = config
    }
    try await TestLoop.run {
      async let answer = client.call("Call", [1])
      let peer = try await server.open()
      let first = try await peer.request().stream
      try await peer.send(Frame.headers(first, Self.head + [["grpc-status", "14"]], end: true))
      let second = try await peer.request()
      #expect(second.field("grpc-previous-rpc-attempts") == "1")
      let body = grpcFrame(Bytes([7]).wireBytes()) + Self.trailers("grpc-status: 0\r\n")
      try await peer.send(Frame.headers(second.stream, Self.head), Frame.data(second.stream, body, end: true))
      #expect(try await answer == [7])
      peer.close()
    }
  }

  @Test func theRequest() async throws {
    let server = try await ScriptedServer()
    let client = try server.client { $0.protocol = .grpcWeb }
    try await TestLoop.run {
      async let answer = client.call("Call", [1])
      let peer = try await server.open()
      let request = try await peer.request()
      #expect(request.field("content-type") == "application/grpc-web+proto" && request.field("te") == nil)
      #expect(request.field("x-user-agent")?.hasPrefix("grpc-") == true)
      #expect(try await peer.wait(for: .data, stream: request.stream).payload == grpcFrame(Bytes([1]).wireBytes()))
      let body = grpcFrame(Bytes([2]).wireBytes()) + Self.trailers("grpc-status: 0\r\n")
      try await peer.send(Frame.headers(request.stream, Self.head), Frame.data(request.stream, body, end: true))
      #expect(try await answer == [2])
      peer.close()
    }
  }
}
