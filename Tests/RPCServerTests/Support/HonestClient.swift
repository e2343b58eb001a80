import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// A client that calls and calls on a connection and in a task of its own, and must not notice what others do.
final class HonestClient: Sendable {
  private let isStopped = Atomic(false)
  private let calls = Atomic(0)
  private let failures = Mutex<[String]>([])
  private let done = Gate()

  init(_ server: TestServer) {
    Task(executorPreference: TestLoop.shared) { [self] in
      do {
        let client = try await server.client()
        while !isStopped.load(ordering: .relaxed) {
          let request = Bytes(bytes(calls.load(ordering: .relaxed) % 2000))
          let reply = try await client.call(path("Echo"), request)
          if reply.status != 0 || reply.messages != [request.wireBytes()] { fail("\(reply)") }
          calls.add(1, ordering: .relaxed)
        }
      } catch {
        fail("\(error)")
      }
      done.open()
    }
  }

  private func fail(_ what: String) { failures.withLock { $0.append(what) } }

  /// Calls that were answered.
  var count: Int { calls.load(ordering: .relaxed) }

  /// Stops it, after ten more calls.
  func expectUnharmed() async throws {
    let goal = count + 10
    while count < goal, failures.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
    isStopped.store(true, ordering: .relaxed)
    try await done.wait()
    #expect(failures.withLock { $0 } == [])
  }
}

/// Serves, with an honest client at work all the while.
func servingBesideAttack(
  _ methods: [MethodHandler] = [], _ configure: (inout ServerConfiguration) -> Void = { _ in },
  _ attack: (TestServer) async throws -> Void
) async throws {
  try await serving([.echo] + methods, configure) { server in
    let honest = HonestClient(server)
    try await attack(server)
    try await honest.expectUnharmed()
    #expect(await server.server.settled() == 0)
  }
}
