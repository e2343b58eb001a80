import EventLoop
import Glibc
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

@testable import RPCClient

/// Three replicas under constant load, to which everything happens that happens to servers. The calls may be repeated,
/// and their policy says so: none fails.
@Suite(.timeLimit(.minutes(3))) struct SurvivalTests {
  enum Fault: CaseIterable {
    /// It finishes its calls, and another one takes its place.
    case restart
    /// Its connections are gone, and for a while nobody is there.
    case kill
    /// SYN is answered, and nothing else.
    case silence
    /// HTTP/2 begins well, and then nothing more comes.
    case stall
    /// What is no HTTP/2.
    case garbage
  }

  /// What stands in the place of a replica.
  private final class Impostor: Sendable {
    private let socket: ListeningSocket
    private let task: Mutex<Task<Void, Never>?>

    init(on address: SocketAddress, _ fault: Fault) async throws {
      let socket = try await whereBlockingIsFine { try ListeningSocket.open(address)[0] }
      self.socket = socket
      task = Mutex(nil)
      guard fault != .silence else { return }
      task.withLock {
        $0 = Task { await Self.accept(socket, fault) }
      }
    }

    private static func accept(_ socket: ListeningSocket, _ fault: Fault) async {
      var peers: [Peer] = []
      while !Task.isCancelled {
        guard let descriptor = try? Socket.accept(socket.descriptor) else {
          try? await Task.sleep(for: .milliseconds(2))
          continue
        }
        let peer = Peer(descriptor: descriptor)
        peers.append(peer)
        await peer.trySend(
          fault == .garbage
            ? Array("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc".utf8)
            : Frame.settings([]).bytes + Frame.settingsAck.bytes)
      }
      for peer in peers { peer.close() }
    }

    func stop() async {
      let task = task.withLock { $0.take() }
      task?.cancel()
      await task?.value
      socket.close()
    }
  }

  /// A replica, which counts its calls.
  private final class Replica: Sendable {
    let address: SocketAddress
    private let count = Atomic(0)
    private let server = Mutex<TestServer?>(nil)

    init() async throws {
      address = try await whereBlockingIsFine {
        let socket = try ListeningSocket.open(.tcp(host: "127.0.0.1", port: 0))[0]
        defer { socket.close() }
        return socket.address
      }
      try await start()
    }

    var calls: Int { count.load(ordering: .relaxed) }

    func start() async throws {
      let method = MethodHandler.unary(.test("Echo", .unary)) { [self] (request: Bytes, _) in
        count.add(1, ordering: .relaxed)
        for _ in 0..<3 { await Task.yield() }
        return request
      }
      let started = try await TestServer.start([method], on: address)
      server.withLock { $0 = started }
    }

    func stop(grace: Duration) async throws {
      guard let running = server.withLock({ $0.take() }) else { return }
      try await running.stop(grace: grace)
    }
  }

  private static let config = """
    {
      "loadBalancingConfig": [{"round_robin": {}}],
      "methodConfig": [{
        "name": [{"service": "test.Service"}],
        "retryPolicy": {
          "maxAttempts": 5, "initialBackoff": "0.02s", "maxBackoff": "0.2s", "backoffMultiplier": 2,
          "retryableStatusCodes": ["UNAVAILABLE"]
        }
      }]
    }
    """

  private func client(_ addresses: [SocketAddress]) throws -> TestClient {
    let config = try ServiceConfig(json: Self.config)
    return TestClient(
      try Channel(
        .addresses(addresses),
        configuration: .with {
          $0.serviceConfig = config
          $0.backoff.initial = .milliseconds(10)
          $0.backoff.maximum = .milliseconds(50)
          $0.connectTimeout = .seconds(1)
          $0.keepAlive = KeepAlivePolicy(interval: .milliseconds(500), timeout: .milliseconds(1500))
          $0.keepAlive.leastInterval = .zero
        }))
  }

  /// Calls all the time, while `body` runs.
  /// - Returns: the errors of calls that failed, and how many succeeded.
  private func underLoad(
    _ client: TestClient, _ body: () async throws -> Void
  ) async throws -> (errors: [RPCError], successes: Int) {
    let isOver = Gate()
    return try await withThrowingTaskGroup(of: (errors: [RPCError], successes: Int).self) { group in
      for index in 0..<8 {
        group.addTask {
          var errors: [RPCError] = []
          var successes = 0
          while !isOver.isOpen {
            let began = ContinuousClock.now
            let error = await client.status(of: "Echo", [UInt8(index)], .timeout(.seconds(20)))
            if error.code == .ok { successes += 1 } else { errors.append(error) }
            // Its deadline, and what a machine may be late that has other things to do.
            if ContinuousClock.now - began > .seconds(50) { errors.append(RPCError(.internal, "the call hung")) }
          }
          return (errors, successes)
        }
      }
      let result: Result<Void, any Error>
      do {
        result = .success(try await body())
      } catch {
        result = .failure(error)
      }
      isOver.open()
      var all: (errors: [RPCError], successes: Int) = ([], 0)
      for try await part in group { all = (all.errors + part.errors, all.successes + part.successes) }
      try result.get()
      return all
    }
  }

  private func untilItHasCalls(_ replica: Replica) async throws {
    let before = replica.calls
    while replica.calls < before + 5 { try await Task.sleep(for: .milliseconds(2)) }
  }

  @Test(arguments: Fault.allCases) func oneAfterTheOther(fault: Fault) async throws {
    let replicas = try await (0..<3).asyncMap { _ in try await Replica() }
    let client = try client(replicas.map(\.address))
    let result = try await TestLoop.run {
      try await underLoad(client) {
        for replica in replicas { try await untilItHasCalls(replica) }
        for (index, replica) in replicas.enumerated() {
          try await replica.stop(grace: fault == .restart ? .seconds(60) : .zero)
          let others = replicas.indices.filter { $0 != index }.map { replicas[$0] }
          switch fault {
          case .restart: break
          case .kill: for other in others { try await untilItHasCalls(other) }
          case .silence, .stall, .garbage:
            let impostor = try await Impostor(on: replica.address, fault)
            for other in others { try await untilItHasCalls(other) }
            try await Task.sleep(for: .milliseconds(100))
            await impostor.stop()
          }
          try await replica.start()
          try await untilItHasCalls(replica)
        }
      }
    }
    #expect(result.errors.isEmpty, "\(result.errors.prefix(3))")
    #expect(result.successes > 50)
    for replica in replicas { try await replica.stop(grace: .zero) }
  }

  /// Half of the replicas are gone, and stay away.
  @Test func halfIsGone() async throws {
    let replicas = try await (0..<4).asyncMap { _ in try await Replica() }
    let client = try client(replicas.map(\.address))
    let result = try await TestLoop.run {
      try await underLoad(client) {
        for replica in replicas { try await untilItHasCalls(replica) }
        for replica in replicas.prefix(2) { try await replica.stop(grace: .zero) }
        for replica in replicas.suffix(2) { for _ in 0..<10 { try await untilItHasCalls(replica) } }
      }
    }
    #expect(result.errors.isEmpty, "\(result.errors.prefix(3))")
    for replica in replicas { try await replica.stop(grace: .zero) }
  }

  /// A host that answers no SYN: its queue of connections is full, and Linux drops what comes.
  @Test(arguments: [LoadBalancing.pickFirst, .roundRobin]) func noSYNIsAnswered(policy: LoadBalancing) async throws {
    let full = try await FullListener()
    try await serving([.echo]) { server in
      let client = TestClient(
        try Channel(.addresses([full.address, server.address]), configuration: .with { $0.balancing = policy }))
      // Well within the 20 s of the attempt that gets no answer.
      for _ in 0..<20 { #expect(try await client.echo([1], .timeout(.seconds(15))) == [1]) }
      let lonely = TestClient(try Channel(.addresses([full.address])))
      let error = await lonely.status(of: "Echo", [], .timeout(.milliseconds(100)))
      #expect(error.code == .deadlineExceeded)
    }
    full.close()
  }

  /// A listener whose queue is full.
  private final class FullListener: Sendable {
    let address: SocketAddress
    private let descriptors: [Int32]

    init() async throws {
      let (address, descriptors) = try await whereBlockingIsFine { () -> (SocketAddress, [Int32]) in
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var own = sockaddr_in()
        own.sin_family = sa_family_t(AF_INET)
        own.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &own) { pointer in
          pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            _ = bind(listener, address, length)
            _ = listen(listener, 0)
            _ = getsockname(listener, address, &length)
            // One connection waits to be accepted; the next ones wait for their SYN to be answered.
            let clients = (0..<4).map { _ in
              let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
              _ = connect(client, address, length)
              return client
            }
            let port = pointer.pointee.sin_port.bigEndian
            return (.tcp(host: "127.0.0.1", port: port), [listener] + clients)
          }
        }
      }
      self.address = address
      self.descriptors = descriptors
    }

    func close() {
      for descriptor in descriptors { _ = Glibc.close(descriptor) }
    }
  }
}
