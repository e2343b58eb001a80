import EventLoop
import ProtoWire
import RPCCore
@testable import RPCServer
import TestPeer
import Testing

/// Much memory for little: messages that wait for a peer which does not mean to go on.
@Suite struct MemoryTraps {
  private func expectNothingHeld(_ server: TestServer) async {
    #expect(await server.server.settled() == 0)
    for owner in server.server.loops {
      var held = -1
      // Connections end in the turns after their peers.
      for _ in 0..<100_000 where held != 0 {
        held = await withCheckedContinuation { done in owner.loop.execute { done.resume(returning: owner.heldBytes) } }
      }
      #expect(held == 0)
    }
  }

  /// Every stream sends all but the last byte of a message.
  @Test(arguments: ["Echo", "Chat"]) func requestsThatAreNearlyWhole(method: String) async throws {
    try await serving([.echo, .chat]) {
      $0.maximumBufferedBytes = 3_500_000
    } _: { server in
      let honest = HonestClient(server)
      let client = try await server.client()
      let body = Array(grpcFrame(Bytes(bytes(1_000_000)).wireBytes()).dropLast())
      var replies: [Reply] = []
      let calls = try await (0..<8).asyncMap { _ in try await client.start(path(method)) }
      for call in calls {
        try await call.send(body: body)
        _ = try await client.call(path("Echo"), bytes: [])
      }
      // Those that hold what there is are taken back; all others have their answer.
      for call in calls.dropFirst(4) { replies.append(try await call.finish()) }
      #expect(replies.allSatisfy { $0.status == 8 && $0.text.contains("limit of buffered messages") })
      try await honest.expectUnharmed()
      client.close()
      await expectNothingHeld(server)
    }
  }

  @Test func largeResponsesThatNobodyTakes() async throws {
    let large = MethodHandler.unary(.test("Large", .unary)) { (_: Bytes, _) in Bytes(bytes(1_000_000)) }
    try await serving([.echo, large]) {
      $0.maximumBufferedBytes = 3_500_000
    } _: { server in
      let honest = HonestClient(server)
      let peer = try await server.peer(streamWindow: 0)
      for stream in stride(from: UInt32(1), to: 21, by: 2) {
        try await peer.send(.headers(stream, Peer.request(path("Large"))), .data(stream, grpcFrame([]), end: true))
      }
      // Streams 1 to 7 hold what there is.
      for _ in 0..<6 {
        let refusal = try await peer.collect { $0.field("grpc-status") != nil }.last
        #expect(refusal?.field("grpc-status") == "8")
        #expect(refusal.map { $0.stream >= 9 } == true)
      }
      // What is taken makes room.
      for stream in [UInt32(1), 3, 5, 7] { try await peer.send(.reset(stream, 8)) }
      try await peer.send(
        .headers(21, Peer.request(path("Echo"))), .data(21, grpcFrame([]), end: true), .windowUpdate(21, 100))
      #expect(try await peer.response(21).last?.field("grpc-status") == "0")
      try await honest.expectUnharmed()
      await expectNothingHeld(server)
    }
  }

  /// The limit for all connections; health answers beyond it.
  @Test func manyConnectionsTogether() async throws {
    let large = MethodHandler.unary(.test("Large", .unary)) { (_: Bytes, _) in Bytes(bytes(1_000_000)) }
    try await serving([.echo, large], services: [HealthService()]) {
      $0.maximumBufferedBytesInAll = 3_500_000
    } _: { server in
      var peers: [Peer] = []
      for number in 0..<6 {
        let peer = try await server.peer(streamWindow: 0)
        peers.append(peer)
        try await peer.send(.headers(1, Peer.request(path("Large"))), .data(1, grpcFrame([]), end: true))
        if number < 4 {
          // Its response waits: no answer to a PING goes ahead of the turn in which that was made.
          for _ in 0..<2 { #expect(try await peer.sync().allSatisfy { $0.field("grpc-status") == nil }) }
        } else {
          #expect(try await peer.response(1).last?.field("grpc-status") == "14")
        }
      }
      #expect(try await server.client().call("/grpc.health.v1.Health/Check").status == 0)
      #expect(try await server.client().call(path("Echo")).status == 14)
      for peer in peers { peer.close() }
      await expectNothingHeld(server)
      #expect(try await server.client().call(path("Echo")).status == 0)
    }
  }
}
