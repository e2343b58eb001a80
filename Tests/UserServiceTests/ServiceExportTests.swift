import Glibc
import ProtoWire
import RPCCore
import ServiceTesting
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

@Suite struct ServiceExportTests {
  private static let export = UserServiceMethods.exportUsers

  @Test func nobody() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let users: [User] = try await service.stream(Self.export, ExportUsersRequest())
      #expect(users.isEmpty)
    }
  }

  /// 6 MB for a reader that does not read: no more is fetched than fits the stream's window, the call's buffer and a
  /// page.
  @Test func waitsForASlowReader() async throws {
    let labels = Dictionary(uniqueKeysWithValues: (0..<8).map { ("k\($0)", String(repeating: "v", count: 250)) })
    let store = InMemoryUserStore()
    for index in 0..<3000 {
      _ = try await store.create(.sample("u\(index)@example.com", labels: labels), deadline: nil)
    }
    let probe = ProbeStore(store)
    try await ServiceBench.run(probe) { service in
      let port = service.port
      let call = try await blocking {
        let call = try SocketCall(port: port, Self.export, message: ExportUsersRequest().wireBytes())
        try call.read { $0.receivedBytes > 10_000 }
        return call
      }
      // Time enough for a server that would not wait.
      try await Task.sleep(nanoseconds: 200_000_000)
      #expect(probe.notes.pages == 1)
      try await blocking { try call.read { _ in false } }
      #expect(try call.status() == nil)
      #expect(try call.messages(as: User.self).count == 3000)
      #expect(probe.notes.pages >= 6)
    }
  }

  /// A client that goes away ends the reading.
  @Test func stopsWhenTheReaderLeaves() async throws {
    let store = InMemoryUserStore()
    for index in 0..<3000 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
    let probe = ProbeStore(store)
    try await ServiceBench.run(probe) { service in
      let port = service.port
      try await blocking {
        let call = try SocketCall(port: port, Self.export, message: ExportUsersRequest().wireBytes())
        try call.read { $0.receivedBytes > 1000 }
      }
      // Served as well as before, and no page more was read than the first reader had room for.
      #expect(try await service.create("ann@example.com").email == "ann@example.com")
      #expect(probe.notes.pages < 6)
    }
  }

  @Test func aDeadlineEndsIt() async throws {
    let store = InMemoryUserStore()
    for index in 0..<3000 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
    try await ServiceBench.run(store) { service in
      let port = service.port
      let status = try await blocking {
        let call = try SocketCall(port: port, Self.export, message: ExportUsersRequest().wireBytes(), timeout: "300m")
        try call.read { $0.receivedBytes > 1000 }
        // Not read until the time is over.
        usleep(400_000)
        try call.read { _ in false }
        return try call.status()
      }
      #expect(status?.code == .deadlineExceeded)
      #expect(status?.message.contains("the client read the export") == true)
    }
  }
}
