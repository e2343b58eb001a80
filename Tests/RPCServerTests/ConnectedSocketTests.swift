import Glibc
import ProtoWire
import RPCServer
import TestPeer
import Testing

/// Clients whose sockets are connected before the server hears of them.
@Suite struct ConnectedSocketTests {
  private func socketPair() throws -> (server: Int32, client: Int32) {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    return (ends[0], ends[1])
  }

  @Test func manyAreServed() async throws {
    try await serving([.echo], loops: 2) { server in
      for round in 0..<20 {
        let pair = try socketPair()
        server.server.serve(connected: pair.server)
        let client = try await TestClient(descriptor: pair.client)
        let reply = try await client.call(path("Echo"), Bytes(bytes(round)))
        #expect(try reply.message(as: Bytes.self) == Bytes(bytes(round)))
        client.close()
      }
    }
  }

  @Test func oneTooManyIsClosed() async throws {
    try await serving([.echo], { $0.maximumConnections = 1 }) { server in
      let first = try socketPair()
      server.server.serve(connected: first.server)
      let client = try await TestClient(descriptor: first.client)
      #expect(try await client.call(path("Echo"), Bytes()).status == 0)
      let second = try socketPair()
      server.server.serve(connected: second.server)
      #expect(try await Peer(descriptor: second.client).rest().isEmpty)
      #expect(try await client.call(path("Echo"), Bytes()).status == 0)
    }
  }

  @Test func aServerThatWasShutDownClosesIt() async throws {
    try await serving([.echo]) { server in
      await server.server.shutdown(grace: .zero)
      let pair = try socketPair()
      server.server.serve(connected: pair.server)
      #expect(try await Peer(descriptor: pair.client).rest().isEmpty)
    }
  }
}
