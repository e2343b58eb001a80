import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// Responses so small that their frames look like an attack.
@Suite(.timeLimit(.minutes(3))) struct SmallResponseTests {
  private final class Failures: Sendable { let list = Mutex<[String]>([]) }

  /// A connection takes 10,000 small frames at once and 1,000 a second, but whole messages do not count. A response is
  /// read after its stream is closed.
  @Test func anyNumberOfThemMayCome() async throws {
    try await serving([.echo]) { server in
      let client = try server.client { $0.maximumConnections = 1 }
      let failures = Failures()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<100 {
          group.addTask {
            for _ in 0..<250 {
              let error = await client.status(of: "Echo")
              if error.code != .ok { failures.list.withLock { $0.append(error.description) } }
            }
          }
        }
      }
      #expect(failures.list.withLock { $0 } == [])
    }
  }
}
