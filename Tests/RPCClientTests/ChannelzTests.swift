import EventLoop
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import TestPeer
import Testing

@testable import RPCDiagnostics

/// What grpc.channelz.v1 says of channels: asked by another channel of the same process.
@Suite(.timeLimit(.minutes(2))) struct ChannelzTests {
  private func ask<Response: WireMessage>(
    _ channel: any ClientChannel, _ method: String, _ request: some WireMessage, as type: Response.Type = Response.self
  ) async throws -> Response {
    try await channel.unary(
      MethodDescriptor(service: "grpc.channelz.v1.Channelz", name: method, kind: .unary), request, CallOptions())
  }

  /// A server of channelz, and a channel to it.
  private func withDiagnostics(_ body: (any ClientChannel) async throws -> Void) async throws {
    let loops = try EventLoopGroup(count: 1, name: "diagnostics")
    let server = try GRPCServer(services: [ChannelzService()], loops: loops)
    let address = try await whereBlockingIsFine { try server.listen(on: .tcp(host: "127.0.0.1", port: 0))[0] }
    let result: Result<Void, any Error>
    do {
      let channel = try Channel(.addresses([address], authority: "asks.example"))
      try await body(channel)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await server.shutdown(grace: .zero)
    try await whereBlockingIsFine { loops.shutdown() }
    try result.get()
  }

  private func find(_ name: String, _ channel: any ClientChannel) async throws -> Grpc_Channelz_V1_Channel? {
    let all: Grpc_Channelz_V1_GetTopChannelsResponse = try await ask(
      channel, "GetTopChannels", Grpc_Channelz_V1_GetTopChannelsRequest.with { $0.maxResults = 10_000 })
    #expect(all.end)
    return all.channel.first { $0.data?.target == name }
  }

  @Test func aChannelWithItsSubchannelsAndConnections() async throws {
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in throw RPCError(.notFound, "") }
    try await serving([.echo, fail]) { server in
      let client = TestClient(try Channel(.addresses([server.address], authority: "shown.example")))
      for _ in 0..<3 { _ = try await client.echo(bytes(10)) }
      #expect(await client.status(of: "Fail").code == .notFound)
      try await withDiagnostics { diagnostics in
        let shown = try await find("shown.example", diagnostics)
        let found = try #require(shown)
        let data = try #require(found.data)
        #expect(data.state?.state == .ready)
        #expect((data.callsStarted, data.callsSucceeded, data.callsFailed) == (4, 3, 1))
        #expect(data.lastCallStartedTimestamp != nil)
        let events = data.trace?.events ?? []
        #expect(events.contains { $0.description.hasSuffix("CONNECTING") && $0.severity == .ctInfo })
        #expect(events.last?.description.hasSuffix("READY") == true)
        #expect(data.trace?.numEventsLogged == Int64(events.count))

        let one: Grpc_Channelz_V1_GetChannelResponse = try await ask(
          diagnostics, "GetChannel",
          Grpc_Channelz_V1_GetChannelRequest.with { $0.channelID = found.ref?.channelID ?? 0 })
        #expect(one.channel?.subchannelRef == found.subchannelRef && found.subchannelRef.count == 1)
        let id = found.subchannelRef.first?.subchannelID ?? 0
        let response: Grpc_Channelz_V1_GetSubchannelResponse = try await ask(
          diagnostics, "GetSubchannel", Grpc_Channelz_V1_GetSubchannelRequest.with { $0.subchannelID = id })
        let subchannel = try #require(response.subchannel)
        #expect(subchannel.data?.target == server.address.description && subchannel.data?.state?.state == .ready)
        #expect(subchannel.data?.callsStarted == 4)
        #expect(subchannel.data?.trace?.events.map(\.description) == ["connecting", "connected"])
        #expect(events.contains { $0.childRef == .subchannelRef(.with { $0.subchannelID = id }) })

        let socketID = try #require(subchannel.socketRef.first?.socketID)
        let answer: Grpc_Channelz_V1_GetSocketResponse = try await ask(
          diagnostics, "GetSocket", Grpc_Channelz_V1_GetSocketRequest.with { $0.socketID = socketID })
        let socket = try #require(answer.socket)
        #expect(socket.ref?.name == server.address.description && socket.data?.streamsStarted == 4)
        #expect(socket.data?.streamsSucceeded == 4 && socket.data?.streamsFailed == 0)
        #expect(socket.data?.messagesSent == 4 && socket.data?.messagesReceived == 3)
        #expect(
          socket.data?.lastLocalStreamCreatedTimestamp != nil && socket.data?.lastRemoteStreamCreatedTimestamp == nil)
      }
    }
  }

  @Test func aServerThatCannotBeReached() async throws {
    try await TestLoop.run {
      let client = TestClient(try Channel(.addresses([.tcp(host: "127.0.0.1", port: 1)], authority: "dead.example")))
      #expect(await client.status(of: "Echo").code == .unavailable)
      try await withDiagnostics { diagnostics in
        let dead = try await find("dead.example", diagnostics)
        let found = try #require(dead)
        #expect(found.data?.state?.state == .transientFailure && found.data?.callsFailed == 1)
        #expect(found.data?.trace?.events.last?.severity == .ctWarning)
      }
      _ = client
    }
  }

  @Test func aChannelThatWasClosedIsGone() async throws {
    try await TestLoop.run {
      let channel = try Channel(.addresses([.tcp(host: "127.0.0.1", port: 1)], authority: "closed.example"))
      try await withDiagnostics { diagnostics in
        let before = try await find("closed.example", diagnostics)
        channel.close()
        let after = try await find("closed.example", diagnostics)
        #expect(before != nil && after == nil)
      }
    }
  }

  @Test func whatDoesNotExist() async throws {
    try await withDiagnostics { diagnostics in
      let request = Grpc_Channelz_V1_GetChannelRequest.with { $0.channelID = -1 }
      let error = await #expect(throws: RPCError.self) {
        let _: Grpc_Channelz_V1_GetChannelResponse = try await ask(diagnostics, "GetChannel", request)
      }
      #expect(error?.code == .notFound)
      let other = Grpc_Channelz_V1_GetSubchannelRequest.with { $0.subchannelID = -1 }
      let second = await #expect(throws: RPCError.self) {
        let _: Grpc_Channelz_V1_GetSubchannelResponse = try await ask(diagnostics, "GetSubchannel", other)
      }
      #expect(second?.code == .notFound)
    }
  }
}
