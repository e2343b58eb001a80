import Dispatch
import Foundation
import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// A client that calls and calls on a connection and a thread of its own, and must not notice what others do.
final class HonestClient: Sendable {
  private let isStopped = Atomic(false)
  private let calls = Atomic(0)
  private let failures = Mutex<[String]>([])
  private let done = Gate()

  init(_ server: TestServer) {
    Thread.detachNewThread { [self] in
      do {
        let client = try server.client()
        while !isStopped.load(ordering: .relaxed) {
          let request = Bytes(bytes(calls.load(ordering: .relaxed) % 2000))
          let reply = try client.call(path("Echo"), request)
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
  func expectUnharmed() throws {
    let goal = count + 10
    while count < goal, failures.withLock({ $0.isEmpty }) { usleep(1000) }
    isStopped.store(true, ordering: .relaxed)
    try done.wait()
    #expect(failures.withLock { $0 } == [])
  }
}

/// Serves, with an honest client at work all the while.
func servingBesideAttack(
  _ methods: [MethodHandler] = [], _ configure: (inout ServerConfiguration) -> Void = { _ in },
  _ attack: (TestServer) throws -> Void
) async throws {
  try await serving([.echo] + methods, configure) { server in
    let honest = HonestClient(server)
    try attack(server)
    try honest.expectUnharmed()
    #expect(await server.server.settled() == 0)
  }
}
