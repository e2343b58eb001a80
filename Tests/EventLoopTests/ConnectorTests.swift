import Foundation
import Testing

@testable import EventLoop

@Suite struct ConnectorTests {
  private let connector = Connector(resolver: NameResolver(), attemptTimeout: .seconds(30))

  private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
    let group = try EventLoopGroup(count: 1, name: "test")
    defer { group.shutdown() }
    try await body(group.loops[0])
  }

  private func listen(_ address: SocketAddress, backlog: Int32 = 16) throws -> ListeningSocket {
    let sockets = try ListeningSocket.open(address, backlog: backlog)
    try #require(sockets.count == 1)
    return sockets[0]
  }

  private func port(_ socket: ListeningSocket) throws -> UInt16 {
    guard case .tcp(_, let port) = socket.address else { throw ConnectError.refused([]) }
    return port
  }

  /// Checks that a descriptor leads to a listener, and that its calls don't block.
  private func expectConnected(_ descriptor: Int32, to listener: ListeningSocket) {
    defer { _ = close(descriptor) }
    #expect(Socket.peerAddress(descriptor) == listener.address)
    #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
    #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
  }

  @Test func theFirstAddressThatAcceptsIsTaken() async throws {
    let listener = try listen(.tcp(host: "127.0.0.1", port: 0))
    defer { listener.close() }
    let port = try port(listener)
    try await withLoop { loop in
      let descriptor = try await connector.connect(
        to: [.tcp(host: "127.0.0.2", port: port), .tcp(host: "127.0.0.1", port: port)], on: loop)
      expectConnected(descriptor, to: listener)
    }
  }

  @Test func aNameIsLookedUp() async throws {
    let listeners = try ListeningSocket.open(.tcp(host: "localhost", port: 0))
    defer { for listener in listeners { listener.close() } }
    let port = try port(try #require(listeners.first))
    try await withLoop { loop in
      let descriptor = try await connector.connect(to: .tcp(host: "localhost", port: port), on: loop)
      defer { _ = close(descriptor) }
      #expect(listeners.map(\.address).contains { $0 == Socket.peerAddress(descriptor) })
      let error = await #expect(throws: ConnectError.self) {
        try await connector.connect(to: .tcp(host: "no-such-host.invalid", port: port), on: loop)
      }
      guard case .unresolved(let reason) = error else { return #expect(Bool(false), "\(String(describing: error))") }
      #expect(reason.host == "no-such-host.invalid")
    }
  }

  @Test func aUnixSocketIsConnectedTo() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("c-\(UUID().uuidString.prefix(8))").path
    let listener = try listen(.unix(path: path))
    try await withLoop { loop in
      expectConnected(try await connector.connect(to: .unix(path: path), on: loop), to: listener)
      listener.close()
      let error = await #expect(throws: ConnectError.self) {
        try await connector.connect(to: .unix(path: path), on: loop)
      }
      #expect(error == .refused([EventLoopError(call: "connect", errno: ENOENT, subject: "unix:\(path)")]))
      let long = SocketAddress.unix(path: String(repeating: "x", count: 108))
      await #expect(throws: ConnectError.self) { try await connector.connect(to: long, on: loop) }
    }
  }

  @Test func eachRefusalIsTold() async throws {
    let listener = try listen(.tcp(host: "127.0.0.1", port: 0))
    let port = try port(listener)
    listener.close()
    try await withLoop { loop in
      let addresses = ["127.0.0.1", "127.0.0.2"].map { SocketAddress.tcp(host: $0, port: port) }
      let error = await #expect(throws: ConnectError.self) { try await connector.connect(to: addresses, on: loop) }
      #expect(
        error
          == .refused(
            addresses.map { EventLoopError(call: "connect", errno: ECONNREFUSED, subject: $0.description) }))
      #expect(
        await #expect(throws: ConnectError.self) { try await connector.connect(to: [], on: loop) } == .refused([]))
      let name = await #expect(throws: ConnectError.self) {
        try await connector.connect(to: [.tcp(host: "localhost", port: port)], on: loop)
      }
      #expect(name == .refused([EventLoopError(call: "connect", errno: EINVAL, subject: "localhost:\(port)")]))
    }
  }

  /// Runs `body` with an address that neither accepts nor refuses: nobody takes connections from its full queue.
  private func withSilentAddress(_ body: (SocketAddress) async throws -> Void) async throws {
    let listener = try listen(.tcp(host: "127.0.0.1", port: 0), backlog: 0)
    defer { listener.close() }
    let raw = try #require(RawAddress(listener.address))
    var fillers: [Int32] = []
    defer { for filler in fillers { _ = close(filler) } }
    for _ in 0..<4 {
      let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
      fillers.append(filler)
      _ = raw.withPointer { connect(filler, $0, $1) }
    }
    try await body(listener.address)
  }

  @Test func anAddressThatDoesNotAnswerIsGivenUp() async throws {
    let listener = try listen(.tcp(host: "127.0.0.1", port: 0))
    defer { listener.close() }
    let hasty = Connector(resolver: NameResolver(), attemptTimeout: .milliseconds(20))
    try await withLoop { loop in
      try await withSilentAddress { silent in
        expectConnected(try await hasty.connect(to: [silent, listener.address], on: loop), to: listener)
        let error = await #expect(throws: ConnectError.self) { try await hasty.connect(to: silent, on: loop) }
        #expect(
          error == .refused([EventLoopError(call: "connect", errno: ETIMEDOUT, subject: silent.description)]))
      }
    }
  }

  @Test func cancellingTheTaskEndsTheAttempt() async throws {
    try await withLoop { loop in
      try await withSilentAddress { silent in
        let attempt = Task { try await connector.connect(to: silent, on: loop) }
        // On the loop once, so that the attempt may have begun.
        await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
        attempt.cancel()
        let error = await #expect(throws: ConnectError.self) { try await attempt.value }
        #expect(error == .cancelled)

        let late = Task {
          withUnsafeCurrentTask { $0?.cancel() }
          return try await connector.connect(to: [silent], on: loop)
        }
        #expect(await #expect(throws: ConnectError.self) { try await late.value } == .cancelled)
      }
    }
  }
}
