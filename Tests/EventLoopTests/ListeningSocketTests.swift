@testable import EventLoop
import Foundation
import Testing

@Suite struct ListeningSocketTests {
  private let path = FileManager.default.temporaryDirectory.appendingPathComponent(
    "rt-\(UUID().uuidString.prefix(8)).sock"
  ).path

  private func open(_ address: SocketAddress) throws -> ListeningSocket {
    let sockets = try ListeningSocket.open(address)
    try #require(sockets.count == 1)
    return sockets[0]
  }

  private func hosts(_ sockets: [ListeningSocket]) -> [String] {
    sockets.compactMap { if case .tcp(let host, _) = $0.address { host } else { nil } }
  }

  private func boundPort(_ socket: ListeningSocket) -> UInt16? {
    if case .tcp(_, let port) = socket.address { port } else { nil }
  }

  /// What the resolver says of `localhost` differs from machine to machine, so its answer is handed in.
  @Test func allAddressesOfANameListenOnOnePort() throws {
    let sockets = try ListeningSocket.open(numbers: ["127.0.0.1", "127.0.0.2", "127.0.0.3"], of: "name", port: 0)
    defer { for socket in sockets { socket.close() } }
    #expect(hosts(sockets) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"])
    #expect(Set(sockets.map(boundPort)).count == 1)
  }

  /// 203.0.113.0/24 is for documentation (RFC 5737): no machine's own.
  @Test func addressesOfOthersAreLeftOut() throws {
    let sockets = try ListeningSocket.open(numbers: ["203.0.113.1", "127.0.0.1"], of: "name", port: 0)
    defer { for socket in sockets { socket.close() } }
    #expect(hosts(sockets) == ["127.0.0.1"])
    let error = #expect(throws: EventLoopError.self) {
      try ListeningSocket.open(numbers: ["203.0.113.1", "203.0.113.2"], of: "name", port: 0)
    }
    #expect(error?.errno == EADDRNOTAVAIL)
  }

  /// All or none: an address that is taken is named, and the others are free again.
  @Test func oneAddressThatIsTakenRefusesAll() throws {
    let taken = try open(.tcp(host: "127.0.0.2", port: 0))
    defer { taken.close() }
    let port = try #require(boundPort(taken))
    let error = #expect(throws: EventLoopError.self) {
      try ListeningSocket.open(numbers: ["127.0.0.1", "127.0.0.2"], of: "name:1", port: port)
    }
    #expect(error?.errno == EADDRINUSE)
    #expect(error?.description.hasPrefix("name:1 (127.0.0.2): bind") == true)
    try open(.tcp(host: "127.0.0.1", port: port)).close()
  }

  @Test func localhostListens() throws {
    let sockets = try ListeningSocket.open(.tcp(host: "localhost", port: 0))
    defer { for socket in sockets { socket.close() } }
    #expect(!sockets.isEmpty)
    #expect(Set(hosts(sockets)).isSubset(of: ["127.0.0.1", "::1"]))
    #expect(Set(hosts(sockets)).count == sockets.count)
  }

  /// No name server is asked for it.
  @Test func aNameWithoutAddressesIsExplained() {
    let error = #expect(throws: EventLoopError.self) { try ListeningSocket.open(.tcp(host: "no..name", port: 1)) }
    #expect(error?.description.hasPrefix("no..name:1 (Name or service not known)") == true)
  }

  @Test func aStaleSocketIsReplaced() throws {
    // Closed without its file being removed, as a crash leaves it.
    _ = Glibc.close(try open(.unix(path: path)).descriptor)
    #expect(FileManager.default.fileExists(atPath: path))
    let socket = try open(.unix(path: path))
    socket.close()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aFileOfAnotherKindIsNotReplaced() throws {
    try "precious".write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: EventLoopError.self) { try ListeningSocket.open(.unix(path: path)) }
    #expect(error?.errno == EEXIST)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    // Nor is a link to one, nor a directory.
    for make in [
      { try $0.createSymbolicLink(atPath: path + "2", withDestinationPath: path) },
      { try $0.createDirectory(atPath: path + "2", withIntermediateDirectories: false) },
    ] as [(FileManager) throws -> Void] {
      try make(.default)
      #expect(throws: EventLoopError.self) { try ListeningSocket.open(.unix(path: path + "2")) }
      #expect(FileManager.default.fileExists(atPath: path + "2"))
      try FileManager.default.removeItem(atPath: path + "2")
    }
  }

  /// Whoever put another file there keeps it.
  @Test func onlyItsOwnFileGoesWithASocket() throws {
    let socket = try open(.unix(path: path))
    try FileManager.default.removeItem(atPath: path)
    let successor = try open(.unix(path: path))
    socket.close()
    #expect(FileManager.default.fileExists(atPath: path))
    successor.close()
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
