import EventLoop
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

@testable import RPCDiagnostics

/// grpc.channelz.v1, over sockets.
@Suite struct ChannelzTests {
  private func ask<Response: WireMessage>(
    _ client: TestClient, _ method: String, _ request: some WireMessage, as type: Response.Type = Response.self
  ) async throws -> Response {
    try await client.call("/grpc.channelz.v1.Channelz/\(method)", request).message(as: type)
  }

  /// The server that listens where this one does.
  private func find(_ server: TestServer, _ client: TestClient) async throws -> Grpc_Channelz_V1_Server {
    let all: Grpc_Channelz_V1_GetServersResponse = try await ask(
      client, "GetServers", Grpc_Channelz_V1_GetServersRequest.with { $0.maxResults = 10_000 })
    return try #require(all.server.first { $0.listenSocket.contains { $0.name == server.address.description } })
  }

  private func socket(_ id: Int64, _ client: TestClient) async throws -> Grpc_Channelz_V1_Socket {
    let response: Grpc_Channelz_V1_GetSocketResponse = try await ask(
      client, "GetSocket", Grpc_Channelz_V1_GetSocketRequest.with { $0.socketID = id })
    return try #require(response.socket)
  }

  private func socketIDs(
    _ server: Grpc_Channelz_V1_Server, _ client: TestClient, from start: Int64 = 0, max: Int64 = 0
  ) async throws -> (ids: [Int64], isEnd: Bool) {
    let response: Grpc_Channelz_V1_GetServerSocketsResponse = try await ask(
      client, "GetServerSockets",
      Grpc_Channelz_V1_GetServerSocketsRequest.with {
        $0.serverID = server.ref?.serverID ?? 0
        $0.startSocketID = start
        $0.maxResults = max
      })
    return (response.socketRef.map(\.socketID), response.end)
  }

  @Test func serversCountTheirCalls() async throws {
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in throw RPCError(.aborted, "") }
    try await serving([.echo, fail], services: [ChannelzService()], loops: 2) { server in
      let clients = try await (0..<4).asyncMap { _ in try await server.client() }
      for client in clients {
        for _ in 0..<3 { #expect(try await client.call(path("Echo"), Bytes([1])).status == 0) }
        #expect(try await client.call(path("Fail"), Bytes()).status == 10)
        #expect(try await client.call("/no/body", Bytes()).status == 12)
      }
      let found = try await find(server, clients[0])
      let data = try #require(found.data)
      // The call that asks has begun too.
      #expect(data.callsStarted == 21 && data.callsSucceeded == 12 && data.callsFailed == 8)
      #expect((data.lastCallStartedTimestamp?.seconds ?? 0) > 1_700_000_000)
    }
  }

  @Test func connectionsTellWhatTheyDid() async throws {
    try await serving([.echo, .chat], services: [ChannelzService()]) { server in
      let watched = try await server.client(), client = try await server.client()
      for _ in 0..<2 { #expect(try await watched.call(path("Echo"), Bytes([1])).status == 0) }
      let chat = try await watched.start(path("Chat"))
      try await chat.send(Bytes([2]))
      _ = try await chat.next()
      let cancelled = try await watched.start(path("Chat"))
      try await cancelled.send(Bytes([3]))
      _ = try await cancelled.next()
      try await cancelled.cancel()
      _ = try await watched.call(path("Echo"), Bytes([1]))

      let (ids, isEnd) = try await socketIDs(find(server, client), client)
      #expect(ids.count == 2 && isEnd && ids == ids.sorted())
      let socket = try await socket(ids[0], client), data = try #require(socket.data)
      #expect(data.streamsStarted == 5 && data.streamsSucceeded == 3 && data.streamsFailed == 1)
      #expect(data.messagesReceived == 5 && data.messagesSent == 5)
      for time in [
        data.lastRemoteStreamCreatedTimestamp, data.lastMessageSentTimestamp, data.lastMessageReceivedTimestamp,
      ] { #expect((time?.seconds ?? 0) > 1_700_000_000) }
      #expect((data.localFlowControlWindow?.value ?? 0) > 0 && (data.remoteFlowControlWindow?.value ?? 0) > 0)
      let options = Dictionary(data.option.map { ($0.name, $0.value) }) { first, _ in first }
      #expect(options["open streams"] == "1" && options["running handlers"] == "1" && options["loop"] == "0")
      #expect(options["stream 5"] == "test.Service/Chat: the handler ran")
      let local = try #require(tcp(socket.local)), remote = try #require(tcp(socket.remote))
      #expect(local.ipAddress == [127, 0, 0, 1] && remote.ipAddress == [127, 0, 0, 1])
      #expect("127.0.0.1:\(local.port)" == server.address.description)
      #expect(remote.port > 0 && remote.port != local.port)
    }
  }

  private func tcp(_ address: Grpc_Channelz_V1_Address?) -> Grpc_Channelz_V1_Address.TcpIpAddress? {
    guard case .tcpipAddress(let tcp)? = address?.address else { return nil }
    return tcp
  }

  @Test func listenersAreSockets() async throws {
    try await serving([], services: [ChannelzService()]) { server in
      let client = try await server.client()
      let id = try #require(try await find(server, client).listenSocket.first).socketID
      let socket = try await socket(id, client)
      #expect(socket.ref?.name == server.address.description)
      #expect(socket.remote == nil && socket.local != nil)
    }
  }

  @Test func pagesAreCut() async throws {
    try await serving([.echo], services: [ChannelzService()], loops: 2) { server in
      let clients = try await (0..<5).asyncMap { _ in try await server.client() }
      for client in clients { _ = try await client.call(path("Echo"), Bytes()) }
      let found = try await find(server, clients[0])
      let all = try await socketIDs(found, clients[0])
      #expect(all.ids.count == 5 && all.isEnd)
      var seen: [Int64] = []
      for _ in 0..<3 {
        let (ids, isEnd) = try await socketIDs(found, clients[0], from: (seen.last ?? 0) + 1, max: 2)
        seen += ids
        #expect(isEnd == (seen.count == 5))
      }
      #expect(seen == all.ids)
    }
  }

  @Test func whatIsNotThereIsNotFound() async throws {
    try await serving([], services: [ChannelzService()]) { server in
      let client = try await server.client()
      for (method, field) in [("GetSocket", 1), ("GetServerSockets", 1), ("GetChannel", 1), ("GetSubchannel", 1)] {
        let request: [UInt8] = [UInt8(field << 3), 0xff, 0xff, 0xff, 0xff, 0x7f]
        #expect(try await client.call("/grpc.channelz.v1.Channelz/\(method)", bytes: request).status == 5)
      }
      let negative = Grpc_Channelz_V1_GetServersRequest.with { $0.maxResults = -1 }
      #expect(try await client.call("/grpc.channelz.v1.Channelz/GetServers", negative).status == 3)
      let channels: Grpc_Channelz_V1_GetTopChannelsResponse = try await ask(
        client, "GetTopChannels", Grpc_Channelz_V1_GetTopChannelsRequest())
      #expect(channels.channel.isEmpty && channels.end)
    }
  }

  @Test func aServerThatIsShutDownIsGone() async throws {
    try await serving([]) { server in
      let loop = server.loops.loops.first
      #expect(ServerRegistry.servers(on: loop).map(\.id) == [server.server.id])
      await server.server.shutdown(grace: .zero)
      #expect(ServerRegistry.servers(on: loop).isEmpty)
    }
  }
}
