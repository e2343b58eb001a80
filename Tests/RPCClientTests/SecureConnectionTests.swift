import Foundation
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import TestPeer
import Testing
import Transport

/// Connections over TLS, and those that come to nothing for it.
@Suite(.timeLimit(.minutes(2))) struct SecureConnectionTests {
  @Test func tlsIsEnforced() async throws {
    let certificates = TestCertificates.localhost
    var configuration = certificates.configuration
    try await serving([.echo], tls: try TLSCredentials(configuration)) { server in
      let trusted = try trusting(certificates)
      #expect(try await server.client { $0.tls = trusted }.echo([1]) == [1])
      var configuration = ChannelConfiguration()
      configuration.tls = trusted
      configuration.authority = "other.example"
      let stranger = TestClient(try Channel(server.target, configuration: configuration))
      let error = await stranger.status(of: "Echo")
      #expect(error.code == .unavailable && error.message.contains("certificate"), "\(error)")
      let untrusting = try trusting(TestCertificates.other)
      #expect(try await server.client { $0.tls = untrusting }.status(of: "Echo").code == .unavailable)
      #expect(try await server.client().status(of: "Echo").code == .unavailable)
    }
    configuration.applicationProtocols = []
    try await serving([.echo], tls: try TLSCredentials(configuration)) { server in
      let trusted = try trusting(certificates)
      let error = try await server.client { $0.tls = trusted }.status(of: "Echo")
      #expect(error.code == .unavailable && error.message.contains("ALPN"), "\(error)")
    }
  }

  @Test func mutualTLS() async throws {
    let certificates = TestCertificates.localhost
    var configuration = certificates.configuration
    configuration.clientCertificates = .required(signedBy: certificates.pem("ca.pem"))
    try await serving([.echo], tls: try TLSCredentials(configuration)) { server in
      let shown = try trusting(certificates) {
        $0.certificate = TLSCertificate(
          chain: certificates.pem("client.pem"), key: certificates.pem("client-key.pem"))
      }
      #expect(try await server.client { $0.tls = shown }.echo([1]) == [1])
      let none = try trusting(certificates)
      #expect(try await server.client { $0.tls = none }.status(of: "Echo").code == .unavailable)
    }
  }

  /// New connections use new files; files that can't be used change nothing.
  @Test func certificatesAreRenewed() async throws {
    let own = TestCertificates(host: "localhost", in: NSTemporaryDirectory() + "rpc-client-certs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: own.directory) }
    func replace(_ name: String, by path: String) throws {
      try FileManager.default.copyItem(atPath: path, toPath: own.path("new"))
      try #require(rename(own.path("new"), own.path(name)) == 0)
    }
    var trust = TLSClientConfiguration()
    trust.authorities = .signedBy(own.pem("ca.pem"))
    let credentials = try TLSClientCredentials(trust)
    let before = credentials.context
    let broken = own.path("broken")
    try Data("nothing".utf8).write(to: URL(fileURLWithPath: broken))
    let name = TestCertificates.localhost
    try await serving([.echo], tls: try TLSCredentials(name.configuration)) { server in
      let client = try server.client {
        $0.tlsCredentials = credentials
        $0.backoff.initial = .milliseconds(5)
        $0.backoff.maximum = .milliseconds(20)
      }
      // It trusts another authority.
      #expect(await client.status(of: "Echo").code == .unavailable)
      try replace("ca.pem", by: broken)
      #expect(throws: TLSError.self) { try credentials.reloadIfChanged() }
      #expect(credentials.context === before)
      #expect(await client.status(of: "Echo").code == .unavailable)
      try replace("ca.pem", by: name.path("ca.pem"))
      #expect(try await client.echo([1], .with { $0.waitsForReady = true }) == [1])
      #expect(credentials.context !== before)
      // What is open stays open, whatever the files become.
      try replace("ca.pem", by: broken)
      #expect(throws: TLSError.self) { try credentials.reload() }
      #expect(try await client.echo([2]) == [2])
    }
  }
}
