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
}
