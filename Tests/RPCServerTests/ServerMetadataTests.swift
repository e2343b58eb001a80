import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

@Suite struct ServerMetadataTests {
  /// Answers with the request's metadata: texts in the initial, bytes in the trailing metadata.
  private let mirror = MethodHandler.unary(.test("Mirror", .unary)) { (request: Bytes, context) in
    var initial = Metadata(), trailing = Metadata()
    for entry in context.requestMetadata where entry.name.hasPrefix("x-") {
      switch entry.value {
      case .text(let text): initial.add(entry.name, text)
      case .bytes(let bytes): trailing.add(entry.name, bytes: bytes)
      }
    }
    context.addInitialMetadata(initial)
    context.addTrailingMetadata(trailing)
    return request
  }

  private func x(_ fields: [HeaderField]) -> [HeaderField] { fields.filter { $0.name.hasPrefix("x-") } }

  @Test func textAndBytesTravelBothWays() async throws {
    try await serving([mirror]) { server in
      let reply = try await server.client().call(
        path("Mirror"), Bytes(),
        metadata: [
          ["x-a", "1"], ["x-b", "two words"], ["x-a", "3"], ["x-empty", ""], ["x-c-bin", "AQI="], ["x-c-bin", "AQI"],
          ["x-d-bin", "AQ,Ag"], ["x-bad-bin", "*"],
        ])
      #expect(reply.status == 0)
      #expect(x(reply.headers) == [["x-a", "1"], ["x-b", "two words"], ["x-a", "3"], ["x-empty", ""]])
      #expect(x(reply.trailers) == [["x-c-bin", "AQI"], ["x-c-bin", "AQI"], ["x-d-bin", "AQ"], ["x-d-bin", "Ag"]])
    }
  }

  @Test func aHandlerSeesTheCallersFieldsAndNotTheProtocols() async throws {
    let seen = Mutex<[String]>([])
    let peerName = Mutex("")
    let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      seen.withLock { $0 = context.requestMetadata.map(\.name) }
      peerName.withLock { $0 = context.peer }
      return request
    }
    try await serving([look]) { server in
      let reply = try await server.client().call(
        path("Look"), Bytes(),
        metadata: [
          ["user-agent", "test"], ["grpc-timeout", "30S"], ["grpc-accept-encoding", "gzip"], ["authorization", "x"],
        ])
      #expect(reply.status == 0)
      #expect(seen.withLock { $0 } == ["user-agent", "authorization"])
      #expect(peerName.withLock { $0 }.hasPrefix("127.0.0.1:"))
    }
  }

  @Test func initialMetadataGoesBeforeTheFirstMessageAndNotLater() async throws {
    let sentTwice = Mutex<[Bool]>([])
    let go = Gate()
    let late = MethodHandler.serverStreaming(.test("Late", .serverStreaming)) {
      (_: Bytes, responses: ResponseWriter<Bytes>, context) in
      sentTwice.withLock { $0.append(context.addInitialMetadata(["x-first": "1"])) }
      try await responses.write(Bytes([1]))
      await go.passed()
      sentTwice.withLock { $0.append(context.addInitialMetadata(["x-second": "2"])) }
      context.addTrailingMetadata(["x-end": "3"])
      try await responses.write(Bytes([2]))
    }
    try await serving([late]) { server in
      let call = try await server.client().start(path("Late"))
      try await call.send(Bytes(), end: true)
      #expect(x(try await call.headers()) == [["x-first", "1"]])
      #expect(try await call.next(as: Bytes.self) == Bytes([1]))
      go.open()
      let reply = try await call.finish()
      #expect(reply.messages.count == 1)
      #expect(x(reply.trailers) == [["x-end", "3"]])
      #expect(sentTwice.withLock { $0 } == [true, false])
    }
  }

  @Test func errorsCarryMetadataToo() async throws {
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, context) -> Bytes in
      context.addInitialMetadata(["x-initial": "1"])
      context.addTrailingMetadata(["x-trailing": "2"])
      throw RPCError(.aborted, "again", metadata: ["x-error": "3"])
    }
    try await serving([fail]) { server in
      let reply = try await server.client().call(path("Fail"), Bytes())
      #expect(reply.status == 10)
      #expect(x(reply.headers) == [["x-initial", "1"]])
      #expect(x(reply.trailers) == [["x-error", "3"], ["x-trailing", "2"]])
    }
  }

  /// Trap 31: in one header section nobody could tell initial from trailing metadata.
  @Test(arguments: [true, false]) func initialMetadataHasASectionOfItsOwn(succeeds: Bool) async throws {
    let stream = MethodHandler.serverStreaming(.test("Stream", .serverStreaming)) {
      (_: Bytes, _: ResponseWriter<Bytes>, context) in
      context.addInitialMetadata(["x-initial": "1"])
      context.addTrailingMetadata(["x-trailing": "2"])
      if !succeeds { throw RPCError(.aborted, "again") }
    }
    try await serving([stream]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Stream"))), .data(1, grpcFrame([]), end: true))
      let frames = try await peer.response(1)
      #expect(frames.map(\.kind) == [.headers, .headers])
      #expect(frames.first?.field("x-initial") == "1" && frames.first?.field("grpc-status") == nil)
      #expect(frames.last?.field("x-trailing") == "2" && frames.last?.field("x-initial") == nil)
      #expect(frames.last?.field("grpc-status") == (succeeds ? "0" : "10"))
    }
  }

  @Test func errorsWithoutInitialMetadataAreOneSection() async throws {
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, context) -> Bytes in
      context.addTrailingMetadata(["x-trailing": "2"])
      throw RPCError(.aborted, "again")
    }
    try await serving([fail]) { server in
      let reply = try await server.client().call(path("Fail"), Bytes())
      #expect(reply.isTrailersOnly && x(reply.trailers) == [["x-trailing", "2"]])
    }
  }
}
