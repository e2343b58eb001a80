import EventLoop
import Glibc
import ProtoWire
import RPCClient
import TestPeer

/// A server that a test plays frame by frame.
final class ScriptedServer: Sendable {
  private let socket: ListeningSocket
  var address: SocketAddress { socket.address }

  init(on address: SocketAddress = .tcp(host: "127.0.0.1", port: 0)) async throws {
    socket = try await whereBlockingIsFine { try ListeningSocket.open(address)[0] }
  }

  deinit { socket.close() }

  func client(_ configure: (inout ChannelConfiguration) -> Void = { _ in }) throws -> TestClient {
    TestClient(
      try Channel(
        .addresses([address]),
        configuration: .with {
          $0.backoff.initial = .milliseconds(5)
          $0.backoff.maximum = .milliseconds(20)
          configure(&$0)
        }))
  }

  /// The next connection; nothing is sent over it.
  func accept() async throws -> Peer {
    let descriptor = try await whereBlockingIsFine { [socket] in
      var poll = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
      guard Glibc.poll(&poll, 1, Int32(Peer.patience * 1000)) == 1,
        let descriptor = try Socket.accept(socket.descriptor)
      else { throw Peer.Failure.silence }
      return descriptor
    }
    return Peer(descriptor: descriptor)
  }

  /// The next connection, with SETTINGS exchanged.
  func open(_ settings: [(id: UInt16, value: UInt32)] = []) async throws -> Peer {
    let peer = try await accept()
    guard try await peer.takePreface() else { throw Peer.Failure.ended }
    try await peer.send(Frame.settings(settings), Frame.settingsAck)
    return peer
  }
}

extension Peer {
  /// The head of the next request.
  func request() async throws -> Frame { try await wait(for: .headers) }

  /// Answers a request as gRPC does, with one message.
  func answer(_ stream: UInt32, _ message: Bytes, status: String = "0", _ trailers: [HeaderField] = []) async throws {
    try await send(
      Frame.headers(stream, Self.head), Frame.data(stream, grpcFrame(message.wireBytes())),
      Frame.headers(stream, [["grpc-status", status]] + trailers, end: true))
  }

  static let head: [HeaderField] = [[":status", "200"], ["content-type", "application/grpc"]]
}
