import ProtoWire
import RPCCore
import ServiceTesting
import TestPeer
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

@Suite struct ServiceExportTests {
  private static let export = UserServiceMethods.exportUsers

  /// Takes messages of a call until they have so many bytes.
  @discardableResult private func read(_ bytes: Int, of call: TestPeer.ClientCall) async throws -> [[UInt8]] {
    var messages: [[UInt8]] = []
    while messages.reduce(0, { $0 + $1.count }) < bytes, let message = try await call.next() {
      messages.append(message)
    }
    return messages
  }

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
      let call = try await service.start(Self.export, ExportUsersRequest().wireBytes())
      var messages = try await read(10_000, of: call)
      // Time enough for a server that would not wait.
      try await Task.sleep(nanoseconds: 200_000_000)
      #expect(probe.notes.pages == 1)
      let reply = try await call.finish()
      #expect(try reply.failure() == nil)
      messages += reply.messages
      #expect(try messages.map { try User(wireBytes: $0) }.count == 3000)
      #expect(probe.notes.pages >= 6)
    }
  }

  /// A client that goes away ends the reading.
  @Test func stopsWhenTheReaderLeaves() async throws {
    let store = InMemoryUserStore()
    for index in 0..<3000 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
    let probe = ProbeStore(store)
    try await ServiceBench.run(probe) { service in
      try await read(1000, of: service.start(Self.export, ExportUsersRequest().wireBytes()))
      // Served as well as before, and no page more was read than the first reader had room for.
      #expect(try await service.create("ann@example.com").email == "ann@example.com")
      #expect(probe.notes.pages < 6)
    }
  }

  @Test func aDeadlineEndsIt() async throws {
    let store = InMemoryUserStore()
    for index in 0..<3000 { _ = try await store.create(.sample("u\(index)@example.com"), deadline: nil) }
    try await ServiceBench.run(store) { service in
      let call = try await service.start(Self.export, ExportUsersRequest().wireBytes(), timeout: "300m")
      try await read(1000, of: call)
      // Not read until the time is over.
      try await Task.sleep(for: .milliseconds(400))
      let status = try await call.finish().failure()
      #expect(status?.code == .deadlineExceeded)
      #expect(status?.message.contains("the client read the export") == true)
    }
  }
}
