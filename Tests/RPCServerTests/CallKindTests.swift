import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// The four kinds of calls, over sockets.
@Suite struct CallKindTests {
  @Test func unary() async throws {
    try await serving([.echo]) { server in
      let client = try await server.client()
      for length in [0, 1, 100, 20_000] {
        let reply = try await client.call(path("Echo"), Bytes(bytes(length)))
        #expect(try reply.message(as: Bytes.self) == Bytes(bytes(length)))
        #expect(reply.headers == [[":status", "200"], ["content-type", "application/grpc"]])
        #expect(reply.trailers == [["grpc-status", "0"]])
        #expect(reply.reset == nil)
      }
    }
  }

  /// Trap 10: a message larger than both windows.
  @Test func messagesLargerThanTheWindows() async throws {
    try await serving([.echo, .chat]) { server in
      let client = try await server.client()
      let large = Bytes(bytes(4_000_000))
      #expect(try await client.call(path("Echo"), large).message(as: Bytes.self) == large)
      let chat = try await client.start(path("Chat"))
      for _ in 0..<3 {
        try await chat.send(large)
        #expect(try await chat.next(as: Bytes.self) == large)
      }
      try await chat.end()
      #expect(try await chat.finish().status == 0)
    }
  }

  @Test(arguments: [0, 1, 2, 1000] as [Int64])
  func serverStreaming(count: Int64) async throws {
    try await serving([.count]) { server in
      let reply = try await server.client().call(path("Count"), Number(count))
      #expect(reply.status == 0)
      #expect(
        try reply.messages.map { try Number(wireBytes: $0).value } == Array(stride(from: 1, through: count, by: 1)))
    }
  }

  @Test(arguments: [0, 1, 1000] as [Int64])
  func clientStreaming(count: Int64) async throws {
    try await serving([.sum]) { server in
      let call = try await server.client().start(path("Sum"))
      for number in stride(from: 1, through: count, by: 1) { try await call.send(Number(number)) }
      try await call.end()
      #expect(try await call.finish().message(as: Number.self).value == count * (count + 1) / 2)
    }
  }

  /// Each answer is awaited before the next request: nothing may wait for more input to be sent.
  @Test func bidirectionalPingPong() async throws {
    try await serving([.chat]) { server in
      let call = try await server.client().start(path("Chat"))
      for number in 0..<200 {
        try await call.send(Bytes(bytes(number)))
        #expect(try await call.next(as: Bytes.self) == Bytes(bytes(number)))
      }
      try await call.end()
      let reply = try await call.finish()
      #expect(reply.status == 0 && reply.messages.isEmpty && reply.reset == nil)
    }
  }

  @Test func bidirectionalWithoutMessages() async throws {
    try await serving([.chat]) { server in
      let call = try await server.client().start(path("Chat"))
      try await call.end()
      let reply = try await call.finish()
      #expect(reply.status == 0 && reply.messages.isEmpty)
    }
  }

  /// Responses may come before any request, and the end before the client's.
  @Test(arguments: [MethodDescriptor.Kind.clientStreaming, .bidirectionalStreaming])
  func theServerMayFinishFirst(kind: MethodDescriptor.Kind) async throws {
    let early: MethodHandler =
      kind == .clientStreaming
      ? .clientStreaming(.test("Early", kind)) { (_: RequestStream<Bytes>, _) in Bytes([7]) }
      : .bidirectionalStreaming(.test("Early", kind)) {
        (_: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, _) in
        try await responses.write(Bytes([7]))
      }
    try await serving([early]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Early"))))
      let frames = try await peer.response(1)
      #expect(frames.map(\.kind) == [.headers, .data, .headers])
      #expect(frames[2].field("grpc-status") == "0")
      // What was on its way does no harm.
      try await peer.send(.data(1, grpcFrame([1, 2, 3])), .data(1, [], end: true))
      #expect(try await peer.sync().allSatisfy { $0.kind != .goAway && $0.kind != .rstStream })
    }
  }

  @Test func callsOfAConnectionDoNotWaitForEachOther() async throws {
    let entered = Gate(), go = Gate()
    try await serving([.echo, .chat, .wait(entered: entered, go: go)]) { server in
      let client = try await server.client()
      let slow = try await client.start(path("Wait"))
      try await slow.send(Bytes([1]), end: true)
      try await entered.wait()
      let chats = try await (0..<50).asyncMap { _ in try await client.start(path("Chat")) }
      for round in 0..<3 {
        for (index, chat) in chats.enumerated() { try await chat.send(Bytes([UInt8(index), UInt8(round)])) }
        for (index, chat) in chats.enumerated().reversed() {
          #expect(try await chat.next(as: Bytes.self) == Bytes([UInt8(index), UInt8(round)]))
        }
      }
      #expect(try await client.call(path("Echo"), Bytes([2])).message(as: Bytes.self) == Bytes([2]))
      for chat in chats { try await chat.end() }
      for chat in chats { #expect(try await chat.finish().status == 0) }
      go.open()
      #expect(try await slow.finish().message(as: Bytes.self) == Bytes([1]))
    }
  }

  @Test func severalLoopsServeManyConnections() async throws {
    try await serving([.echo], loops: 2) { server in
      let clients = try await (0..<20).asyncMap { _ in try await server.client() }
      for round in 0..<3 {
        for client in clients {
          #expect(
            try await client.call(path("Echo"), Bytes([UInt8(round)])).message(as: Bytes.self) == Bytes([UInt8(round)]))
        }
      }
    }
  }

  /// Handlers may leave the loop and write from elsewhere.
  @Test func handlersMayUseOtherThreads() async throws {
    let wandering = MethodHandler.bidirectionalStreaming(.test("Wander", .bidirectionalStreaming)) {
      (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, context) in
      try await Task.detached {
        for try await request in requests { try await responses.write(request) }
        context.addTrailingMetadata(["from": "afar"])
      }.value
    }
    try await serving([wandering]) { server in
      let call = try await server.client().start(path("Wander"))
      for number in 0..<50 {
        try await call.send(Bytes(bytes(number)))
        #expect(try await call.next(as: Bytes.self) == Bytes(bytes(number)))
      }
      try await call.end()
      let reply = try await call.finish()
      #expect(reply.status == 0)
      #expect(reply.value("from", in: reply.trailers) == "afar")
    }
  }

  /// A connection whose bytes come one at a time.
  @Test func aByteAtATime() async throws {
    try await serving([.echo]) { server in
      let peer = try await Peer(server.address)
      let frames: [Frame] = [
        .settings(), .headers(1, Peer.request(path("Echo"))),
        .data(1, grpcFrame(Bytes(bytes(50)).wireBytes()), end: true),
      ]
      for byte in Frame.preface + frames.flatMap(\.bytes) { try await peer.send([byte]) }
      let response = try await peer.response(1)
      #expect(response[1].payload == grpcFrame(Bytes(bytes(50)).wireBytes()))
      #expect(response.last?.field("grpc-status") == "0")
    }
  }
}
