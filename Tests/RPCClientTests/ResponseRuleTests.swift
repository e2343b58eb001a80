import EventLoop
import ProtoWire
import RPCClient
import RPCCore
import TestPeer
import Testing

/// What a client makes of what servers say, by the rules and against them.
@Suite(.timeLimit(.minutes(2))) struct ResponseRuleTests {
  /// The status of a unary call that is answered with these frames.
  private func status(
    _ configure: (inout ChannelConfiguration) -> Void = { _ in }, _ frames: @escaping @Sendable (UInt32) -> [Frame]
  ) async throws -> RPCError {
    let server = try await ScriptedServer()
    let client = try server.client(configure)
    return try await TestLoop.run {
      async let error = client.status(of: "Call", [1])
      let peer = try await server.open()
      let stream = try await peer.request().stream
      // In one piece: what a frame means must not depend on when the next one comes.
      try await peer.send(frames(stream).flatMap(\.bytes))
      let result = await error
      peer.close()
      return result
    }
  }

  @Test func trailersOnly() async throws {
    let error = try await status {
      [Frame.headers($0, Peer.head + [["grpc-status", "5"], ["grpc-message", "n%C3%B6"], ["x", "y"]], end: true)]
    }
    #expect(error.code == .notFound && error.message == "nö" && error.metadata.text("x") == "y")
  }

  @Test(arguments: [
    ("400", StatusCode.internal), ("401", .unauthenticated), ("404", .unimplemented), ("503", .unavailable),
    ("431", .unknown), ("500", .unknown), ("302", .unknown),
  ])
  func httpStatus(_ http: String, _ code: StatusCode) async throws {
    let error = try await status { stream in
      [
        Frame.headers(stream, [[":status", http], ["content-type", "text/html"]]), Frame.data(stream, [60], end: true),
      ]
    }
    #expect(error.code == code && error.message.contains(http))
  }

  @Test(arguments: [
    (UInt32(0), StatusCode.internal), (1, .internal), (2, .internal), (8, .cancelled), (11, .resourceExhausted),
    (12, .permissionDenied), (99, .unknown),
  ])
  func resetCodes(_ number: UInt32, _ code: StatusCode) async throws {
    #expect(try await status { [Frame.reset($0, number)] }.code == code)
    #expect(try await status { [Frame.headers($0, Peer.head), Frame.reset($0, number)] }.code == code)
  }

  @Test func anotherContentTypeIsUnknown() async throws {
    let error = try await status { [Frame.headers($0, [[":status", "200"], ["content-type", "text/plain"]])] }
    #expect(error.code == .unknown && error.message.contains("text/plain"))
    #expect(try await status { [Frame.headers($0, [[":status", "200"]])] }.code == .unknown)
  }

  @Test func aResponseWithoutAStatus() async throws {
    let ended = try await status { [Frame.headers($0, Peer.head), Frame.data($0, [], end: true)] }
    #expect(ended.code == .internal)
    let trailers = try await status { [Frame.headers($0, Peer.head), Frame.headers($0, [["x", "y"]], end: true)] }
    #expect(trailers.code == .unknown && trailers.metadata.text("x") == "y")
    for text in ["x", "17", "-1", ""] {
      let odd = try await status { [Frame.headers($0, Peer.head + [["grpc-status", text]], end: true)] }
      #expect(odd.code == .unknown)
    }
  }

  /// A status in the head counts only where the head is all there is.
  @Test func aStatusInTheHeadOfAWholeResponse() async throws {
    let head = Peer.head + [["grpc-status", "9"]]
    #expect(try await status { [Frame.headers($0, head), Frame.data($0, [], end: true)] }.code == .failedPrecondition)
    let message = grpcFrame(Bytes([7]).wireBytes())
    #expect(try await status { [Frame.headers($0, head), Frame.data($0, message, end: true)] }.code == .internal)
    let both = try await status { [Frame.headers($0, head), Frame.headers($0, [["grpc-status", "8"]], end: true)] }
    #expect(both.code == .resourceExhausted)
  }

  @Test func messagesThatAreNone() async throws {
    func answer(_ body: [UInt8], _ head: [HeaderField] = Peer.head) async throws -> StatusCode {
      try await status {
        [Frame.headers($0, head), Frame.data($0, body), Frame.headers($0, [["grpc-status", "0"]], end: true)]
      }.code
    }
    let message = Bytes([7]).wireBytes()
    #expect(try await answer(grpcFrame(message)) == .ok)
    #expect(try await answer(grpcFrame(message) + grpcFrame(message)) == .unimplemented)
    #expect(try await answer([]) == .unimplemented)
    #expect(try await answer(Array(grpcFrame(message).dropLast())) == .internal)
    #expect(try await answer([0, 0, 0]) == .internal)
    #expect(try await answer(grpcFrame(message, flag: 2)) == .internal)
    #expect(try await answer(grpcFrame(message, flag: 1)) == .internal)
    #expect(try await answer(grpcFrame(message, flag: 1), Peer.head + [["grpc-encoding", "rot13"]]) == .internal)
    #expect(try await answer(grpcFrame(message, flag: 1), Peer.head + [["grpc-encoding", "gzip"]]) == .internal)
    #expect(try await answer([0, 0xff, 0xff, 0xff, 0xff]) == .resourceExhausted)
    #expect(try await answer(grpcFrame([0xff, 0xff])) == .internal)
  }

  @Test func aHeadThatIsTooLarge() async throws {
    let error = try await status({ $0.headerLimit = 1000 }) {
      [Frame.headers($0, Peer.head + [["x", String(repeating: "y", count: 2000)]])]
    }
    #expect(error.code == .resourceExhausted)
    let trailers = try await status({ $0.headerLimit = 1000 }) {
      [
        Frame.headers($0, Peer.head),
        Frame.headers($0, [["grpc-status", "0"], ["x", String(repeating: "y", count: 2000)]], end: true),
      ]
    }
    #expect(trailers.code == .resourceExhausted)
  }

  /// The server ends the call while the client still writes: it is told that nobody needs the rest.
  @Test func aRequestThatNobodyNeedsIsReset() async throws {
    let server = try await ScriptedServer()
    let client = try server.client()
    try await TestLoop.run {
      let chat = client.chat()
      let peer = try await server.open()
      let stream = try await peer.request().stream
      try await peer.send(Frame.headers(stream, Peer.head + [["grpc-status", "0"]], end: true))
      #expect(try await peer.wait(for: .rstStream, stream: stream).number() == 8)
      let answers = chat.responses.makeAsyncIterator()
      #expect(try await answers.next() == nil)
      #expect(try await !chat.requests.write(Bytes([1])))
      peer.close()
    }
  }

  @Test func initialMetadataComesBeforeMessages() async throws {
    let server = try await ScriptedServer()
    let client = try server.client()
    try await TestLoop.run {
      let chat = client.chat()
      let peer = try await server.open()
      let stream = try await peer.request().stream
      async let metadata = chat.responses.initialMetadata()
      try await peer.send(Frame.headers(stream, Peer.head + [["x", "y"], ["z-bin", "AAE"]]))
      let seen = try await metadata
      #expect(seen.text("x") == "y" && seen.bytes("z-bin") == [[0, 1]])
      try await peer.send(Frame.headers(stream, [["grpc-status", "9"]], end: true))
      let answers = chat.responses.makeAsyncIterator()
      let error = await #expect(throws: RPCError.self) { try await answers.next() }
      #expect(error?.code == .failedPrecondition)
      peer.close()
    }
  }

  @Test func theRequestSaysWhatGRPCWants() async throws {
    let server = try await ScriptedServer()
    let client = try server.client()
    try await TestLoop.run {
      let options = CallOptions.with {
        $0.timeout = .seconds(30)
        $0.metadata = ["a": "b"]
        $0.metadata.add("c-bin", bytes: [0, 1])
        $0.compression = .gzip
      }
      async let answer = client.call("Call", [1], options)
      let peer = try await server.open()
      let head = try await peer.request()
      #expect(head.field(":method") == "POST" && head.field(":path") == "/test.Service/Call")
      #expect(head.field(":scheme") == "http" && head.field(":authority") == server.address.description)
      #expect(head.field("te") == "trailers" && head.field("content-type") == "application/grpc")
      #expect(head.field("grpc-encoding") == "gzip" && head.field("a") == "b" && head.field("c-bin") == "AAE")
      #expect(head.field("grpc-accept-encoding") == "identity,gzip,deflate,zstd")
      #expect(head.field("grpc-timeout")?.last == "u" && head.field("user-agent")?.hasPrefix("grpc-") == true)
      let data = try await peer.wait(for: .data, stream: head.stream)
      #expect(data.payload.first == 1)
      try await peer.answer(head.stream, Bytes([2]))
      #expect(try await answer == [2])
      peer.close()
    }
  }
}
