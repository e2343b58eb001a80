import EventLoop
import Testing

@testable import RPCClient

/// What targets mean, and what configurations say.
@Suite struct ChannelTargetTests {
  private func addresses(_ target: ChannelTarget) async throws -> [String] {
    guard case .resolver(let resolver) = target.contents else { return [] }
    return try await resolver.resolve().map(\.description)
  }

  @Test(arguments: [
    ("dns:///127.0.0.1:50051", "127.0.0.1:50051", "127.0.0.1:50051"), ("127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:1"),
    ("dns:127.0.0.1", "127.0.0.1", "127.0.0.1:443"), ("[::1]:7", "[::1]:7", "[::1]:7"),
    ("ipv4:10.0.0.1:1,10.0.0.2", "10.0.0.1:1", "10.0.0.1:1 10.0.0.2:443"), ("ipv6:[::1]:7", "[::1]:7", "[::1]:7"),
    ("ipv6:::1", "[::1]:443", "[::1]:443"), ("unix:/run/a.sock", "localhost", "unix:/run/a.sock"),
    ("unix:///run/a.sock", "localhost", "unix:/run/a.sock"),
  ])
  func texts(_ text: String, _ authority: String, _ expected: String) async throws {
    let target = ChannelTarget(text)
    #expect(target.authority == authority)
    #expect(try await addresses(target).joined(separator: " ") == expected)
    #expect(target.isLocal == text.hasPrefix("unix:"))
  }

  @Test(arguments: [
    ("users.internal:50051", "users.internal"), ("[::1]:7", "::1"), ("10.0.0.1", "10.0.0.1"), ("[::1]", "::1"),
  ])
  func hostsForCertificates(_ authority: String, _ host: String) {
    #expect(ChannelTarget.host(of: authority) == host)
  }

  @Test func configurationsAreSetByFunctions() {
    let name = "other.example"
    let configuration = ChannelConfiguration.with {
      $0.tls = nil
      $0.authority = name
      $0.timeout = .seconds(1)
    }
    #expect(configuration.authority == name && configuration.timeout == .seconds(1))
    func made(_ configure: (inout ChannelConfiguration) -> Void) -> ChannelConfiguration { .with(configure) }
    let other = made {
      $0.authority = name
      $0.balancing = .roundRobin
    }
    #expect(other.authority == name && other.balancing == .roundRobin)
  }
}
