internal import EventLoop
internal import Glibc
internal import Primitives
import ProtoWire
internal import RPCClient
internal import RPCCore
internal import RPCServer

extension Grpc_Channelz_V1_Socket {
  /// A listening socket.
  init(_ id: Int64, _ address: SocketAddress) {
    self = .with {
      $0.ref = .with {
        $0.socketID = id
        $0.name = address.description
      }
      $0.local = Grpc_Channelz_V1_Address(address)
    }
  }

  /// A connection of a server. Its options hold what channelz has no field for: the loop, the open streams, the running
  /// handlers and the unsent bytes.
  init(_ connection: ConnectionSnapshot, _ clock: WallClock) {
    self.init(
      connection.id, connection.local, connection.remote, connection.security, connection.counters,
      windows: (connection.sendWindow, connection.receiveWindow), clock)
    data?.lastRemoteStreamCreatedTimestamp = clock.timestamp(connection.counters.lastStream)
    data?.option =
      [
        Grpc_Channelz_V1_SocketOption("loop", "\(connection.loop)"),
        Grpc_Channelz_V1_SocketOption("open streams", "\(connection.calls.count)"),
        Grpc_Channelz_V1_SocketOption("running handlers", "\(connection.runningHandlers)"),
        Grpc_Channelz_V1_SocketOption("unsent bytes", "\(connection.unsent)"),
      ]
      + connection.calls.map {
        Grpc_Channelz_V1_SocketOption("stream \($0.stream)", "\($0.method ?? "?"): \($0.state)")
      }
  }

  /// A connection of a client.
  init(_ connection: ChannelReport.Connection, loop: String, _ clock: WallClock) {
    self.init(
      connection.id, connection.local, connection.remote, connection.security, connection.counters,
      windows: (connection.sendWindow, connection.receiveWindow), clock)
    data?.lastLocalStreamCreatedTimestamp = clock.timestamp(connection.counters.lastStream)
    data?.option = [
      Grpc_Channelz_V1_SocketOption("loop", loop),
      Grpc_Channelz_V1_SocketOption("open streams", "\(connection.openStreams)"),
      Grpc_Channelz_V1_SocketOption("unsent bytes", "\(connection.unsent)"),
      Grpc_Channelz_V1_SocketOption("takes calls", "\(!connection.isDraining)"),
    ]
  }

  /// What connections of both ends have.
  private init(
    _ id: Int64, _ local: SocketAddress?, _ remote: SocketAddress?, _ security: TransportSecurity?,
    _ counters: ConnectionCounters, windows: (local: Int, remote: Int), _ clock: WallClock
  ) {
    self = .with {
      $0.ref = .with {
        $0.socketID = id
        $0.name = remote?.description ?? ""
      }
      $0.local = local.map(Grpc_Channelz_V1_Address.init)
      $0.remote = remote.map(Grpc_Channelz_V1_Address.init)
      if let security {
        $0.security = .with {
          $0.model = .tls(
            .with {
              $0.cipherSuite = .standardName(security.cipher)
              $0.remoteCertificate = security.peerCertificate?.derEncoding ?? []
            })
        }
      }
      $0.data = .with {
        $0.streamsStarted = Int64(counters.streamsStarted)
        $0.streamsSucceeded = Int64(counters.streamsSucceeded)
        $0.streamsFailed = Int64(counters.streamsFailed)
        $0.messagesSent = Int64(counters.messagesSent)
        $0.messagesReceived = Int64(counters.messagesReceived)
        $0.lastMessageSentTimestamp = clock.timestamp(counters.lastMessageSent)
        $0.lastMessageReceivedTimestamp = clock.timestamp(counters.lastMessageReceived)
        $0.localFlowControlWindow = .with { $0.value = Int64(windows.local) }
        $0.remoteFlowControlWindow = .with { $0.value = Int64(windows.remote) }
      }
    }
  }
}

extension Grpc_Channelz_V1_SocketOption {
  fileprivate init(_ name: String, _ value: String) {
    self = .with {
      $0.name = name
      $0.value = value
    }
  }
}

extension Grpc_Channelz_V1_Address {
  fileprivate init(_ address: SocketAddress) {
    switch address {
    case .tcp(let host, let port):
      self = .with {
        $0.address = .tcpipAddress(
          .with {
            $0.ipAddress = Self.bytes(host)
            $0.port = Int32(port)
          })
      }
    case .unix(let path):
      self = .with { $0.address = .udsAddress(.with { $0.filename = path }) }
    }
  }

  /// The 4 or 16 bytes of an IP address; none for a host name.
  private static func bytes(_ host: String) -> [UInt8] {
    var v4 = in_addr()
    if inet_pton(AF_INET, host, &v4) == 1 { return withUnsafeBytes(of: v4, Array.init) }
    var v6 = in6_addr()
    let plain = host.prefix { $0 != "%" }
    if inet_pton(AF_INET6, String(plain), &v6) == 1 { return withUnsafeBytes(of: v6, Array.init) }
    return []
  }
}
