internal import EventLoop
import ProtoWire
internal import RPCClient
public import RPCCore
internal import RPCServer

/// grpc.channelz.v1.Channelz: reports the servers that share an event loop with the one that receives the call, their
/// connections and their counters. It reveals callers' addresses and methods: serve it only to callers that may see
/// them.
///
/// It also reports the channels of the process's clients, with their subchannels, connections and last events.
/// https://github.com/grpc/proposal/blob/master/A14-channelz.md
public struct ChannelzService: Sendable {
  /// The size of a page if the caller gives none, and the largest one.
  private static let pageSize = 100
  private static let largestPage = 10_000

  /// The service reports all servers on the loop that runs the call.
  public init() {}

  private var servers: [GRPCServer] { ServerRegistry.servers(on: EventLoop.current) }

  /// The first page of the results.
  private func page<T>(_ all: [T], _ wanted: Int64) throws -> (items: [T], isEnd: Bool) {
    guard wanted >= 0 else { throw RPCError(.invalidArgument, "max_results is negative") }
    let size = wanted == 0 ? Self.pageSize : Int(min(wanted, Int64(Self.largestPage)))
    return (Array(all.prefix(size)), all.count <= size)
  }

  private func message(_ server: GRPCServer, _ clock: WallClock) async -> Grpc_Channelz_V1_Server {
    let calls = await server.callCounters()
    return .with {
      $0.ref = .with { $0.serverID = server.id }
      $0.data = .with {
        $0.callsStarted = Int64(calls.started)
        $0.callsSucceeded = Int64(calls.succeeded)
        $0.callsFailed = Int64(calls.failed)
        $0.lastCallStartedTimestamp = clock.timestamp(calls.lastStarted)
      }
      $0.listenSocket = server.listening.map { listener in
        .with {
          $0.socketID = listener.id
          $0.name = listener.address.description
        }
      }
    }
  }
}

extension ChannelzService: ServiceProvider {
  /// The descriptor of `grpc.channelz.v1.Channelz`.
  public static var serviceDescriptor: ServiceDescriptor { Grpc_Channelz_V1_ChannelzMethods.service }
  /// The handlers of its methods.
  public var methodHandlers: [MethodHandler] { Handlers(service: self).methodHandlers }

  /// Keeps the generated protocol out of the public interface.
  private struct Handlers: Grpc_Channelz_V1_ChannelzProvider {
    let service: ChannelzService

    func getTopChannels(_ request: Grpc_Channelz_V1_GetTopChannelsRequest, context: ServerContext) async throws
      -> Grpc_Channelz_V1_GetTopChannelsResponse
    {
      let (channels, isEnd) = try service.page(
        ChannelRegistry.channels.filter { $0.id >= request.startChannelID }, request.maxResults)
      var response = Grpc_Channelz_V1_GetTopChannelsResponse()
      for channel in channels {
        response.channel.append(Grpc_Channelz_V1_Channel(channel, await channel.reports(), WallClock()))
      }
      response.end = isEnd
      return response
    }

    func getServers(_ request: Grpc_Channelz_V1_GetServersRequest, context: ServerContext) async throws
      -> Grpc_Channelz_V1_GetServersResponse
    {
      let (servers, isEnd) = try service.page(
        service.servers.filter { $0.id >= request.startServerID }, request.maxResults)
      let clock = WallClock()
      var response = Grpc_Channelz_V1_GetServersResponse()
      for server in servers { response.server.append(await service.message(server, clock)) }
      response.end = isEnd
      return response
    }

    func getServerSockets(
      _ request: Grpc_Channelz_V1_GetServerSocketsRequest, context: ServerContext
    ) async throws -> Grpc_Channelz_V1_GetServerSocketsResponse {
      guard let server = service.servers.first(where: { $0.id == request.serverID }) else {
        throw RPCError(.notFound, "there is no server \(request.serverID)")
      }
      let (ids, isEnd) = try service.page(
        await server.connectionIDs(from: request.startSocketID), request.maxResults)
      return .with {
        $0.socketRef = ids.map { id in .with { $0.socketID = id } }
        $0.end = isEnd
      }
    }

    func getSocket(_ request: Grpc_Channelz_V1_GetSocketRequest, context: ServerContext) async throws
      -> Grpc_Channelz_V1_GetSocketResponse
    {
      for server in service.servers {
        if let listener = server.listening.first(where: { $0.id == request.socketID }) {
          return .with { $0.socket = Grpc_Channelz_V1_Socket(listener.id, listener.address) }
        }
        if let connection = await server.connection(request.socketID) {
          return .with { $0.socket = Grpc_Channelz_V1_Socket(connection, WallClock()) }
        }
      }
      for report in await ChannelRegistry.allReports() {
        for connection in report.subchannels.flatMap(\.connections) where connection.id == request.socketID {
          return .with { $0.socket = Grpc_Channelz_V1_Socket(connection, loop: report.loop, WallClock()) }
        }
      }
      throw RPCError(.notFound, "there is no socket \(request.socketID)")
    }

    func getChannel(_ request: Grpc_Channelz_V1_GetChannelRequest, context: ServerContext) async throws
      -> Grpc_Channelz_V1_GetChannelResponse
    {
      guard let channel = ChannelRegistry.channels.first(where: { $0.id == request.channelID }) else {
        throw RPCError(.notFound, "there is no channel \(request.channelID)")
      }
      let reports = await channel.reports()
      return .with { $0.channel = Grpc_Channelz_V1_Channel(channel, reports, WallClock()) }
    }

    func getSubchannel(_ request: Grpc_Channelz_V1_GetSubchannelRequest, context: ServerContext) async throws
      -> Grpc_Channelz_V1_GetSubchannelResponse
    {
      for report in await ChannelRegistry.allReports() {
        for subchannel in report.subchannels where subchannel.id == request.subchannelID {
          return .with { $0.subchannel = Grpc_Channelz_V1_Subchannel(subchannel, WallClock()) }
        }
      }
      throw RPCError(.notFound, "there is no subchannel \(request.subchannelID)")
    }
  }
}
