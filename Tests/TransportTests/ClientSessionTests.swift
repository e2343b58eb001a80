import COpenSSL
import Primitives
import TestPeer
import Testing
import Transport

/// A client's end of TLS, against a server's end of ours.
struct ClientSessionTests {
  private let certificates = TestCertificates.localhost

  private func trusting(_ certificates: TestCertificates) -> TLSClientConfiguration {
    var configuration = TLSClientConfiguration()
    configuration.authorities = .signedBy(certificates.pem("ca.pem"))
    return configuration
  }

  private func pair(
    _ client: TLSClientConfiguration, host: String = "localhost", server: TLSConfiguration? = nil
  ) throws -> SessionPair {
    let pair = try SessionPair(client, host: host, server: server ?? certificates.configuration)
    pair.run()
    return pair
  }

  private func expectRefusal(_ pair: SessionPair, _ reason: String, _ location: SourceLocation = #_sourceLocation) {
    #expect(pair.client.session.state == .failed && pair.client.session.security == nil, sourceLocation: location)
    #expect(pair.client.error?.code == .peer, sourceLocation: location)
    #expect(
      pair.client.error?.message == "the TLS handshake failed: the peer's certificate is refused: \(reason)",
      sourceLocation: location)
    // The server is told, and has nothing to go on with.
    #expect(pair.server.session.state == .failed, sourceLocation: location)
  }

  @Test(arguments: [TLSConfiguration.Version.tls12, .tls13])
  func bytesGoBothWays(version: TLSConfiguration.Version) throws {
    var server = certificates.configuration
    server.minimumVersion = version
    let pair = try pair(trusting(certificates), server: server)
    #expect(pair.client.session.state == .open && pair.server.session.state == .open)
    let security = try #require(pair.client.session.security)
    #expect(security.version == "TLSv1.3")
    #expect(security.applicationProtocol == "h2" && pair.server.session.security?.applicationProtocol == "h2")
    #expect(security.peerCertificate?.dnsNames == ["localhost"])
    #expect(pair.server.session.security?.serverName == "localhost")
    #expect(pair.server.session.security?.peerCertificate == nil)

    // More than a record holds, in both directions at once.
    let up = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let down = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 17) }
    try pair.client.write(up)
    try pair.server.write(down)
    pair.run()
    #expect(pair.server.received == up && pair.client.received == down)
  }

  @Test(arguments: ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1"])
  func theHostOfTheCertificateIsTaken(host: String) throws {
    let pair = try pair(trusting(certificates), host: host)
    #expect(pair.client.session.state == .open && pair.client.error == nil)
    // No address is sent as a name (RFC 6066, section 3), and no full stop at a name's end.
    let name = pair.server.session.security?.serverName
    #expect(name?.lowercased() == (host.contains("localhost") || host.contains("LOCALHOST") ? "localhost" : nil))
  }

  /// The buffers are the loop's: what came behind the fault is for no later session.
  @Test func whatAFailedSessionDidNotReadIsDropped() throws {
    let (buffers, serverBuffers) = (TLSBuffers(), TLSBuffers())
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 1)
    defer { scratch.deallocate() }
    let untrusting = try TLSSession(
      TLSClientContext(trusting(.other)), host: "localhost", buffers: buffers)
    try untrusting.handshake()
    let hello = Array(buffers.output)
    buffers.removeOutput()
    let server = try TLSSession(TLSCredentials(certificates.configuration).context, buffers: serverBuffers)
    #expect(
      try hello.withUnsafeBytes {
        server.receive($0)
        return try server.read(into: scratch)
      } == 0)
    let answer = Array(serverBuffers.output)
    answer.withUnsafeBytes { bytes in
      untrusting.receive(bytes)
      #expect(throws: TLSError.self) { try untrusting.read(into: scratch) }
      buffers.removeOutput()
      #expect(throws: Never.self) {
        let next = try TLSSession(TLSClientContext(trusting(certificates)), host: "localhost", buffers: buffers)
        try next.handshake()
        #expect(next.state == .handshake && !buffers.output.isEmpty)
      }
    }
  }

  @Test func otherHostsAreRefused() throws {
    for host in ["other.example", "localhost.example", "example.localhost", "server", "local"] {
      expectRefusal(try pair(trusting(certificates), host: host), "hostname mismatch")
    }
    for host in ["127.0.0.2", "::2", "0.0.0.0"] {
      expectRefusal(try pair(trusting(certificates), host: host), "IP address mismatch")
    }
  }

  /// The subject's common name is "server": only alternative names count (RFC 9525).
  @Test(arguments: ["", ".", ".localhost", "localhost\0.example"])
  func aHostThatCannotBeCheckedIsRefused(host: String) throws {
    let context = try TLSClientContext(trusting(certificates))
    let error = #expect(throws: TLSError.self) { try TLSSession(context, host: host, buffers: TLSBuffers()) }
    #expect(error?.code == .configuration)
  }

  @Test func unknownAuthoritiesAreRefused() throws {
    expectRefusal(try pair(trusting(.other)), "unable to get local issuer certificate")
    // Nobody has signed up the development authority with the system.
    expectRefusal(try pair(TLSClientConfiguration()), "unable to get local issuer certificate")
    // A client's certificate is none of a server's, although the same authority has signed it.
    var server = certificates.configuration
    server.certificates = [
      TLSCertificate(chain: certificates.pem("client.pem"), key: certificates.pem("client-key.pem"))
    ]
    let pair = try pair(trusting(certificates), server: server)
    #expect(pair.client.session.state == .failed && pair.client.error?.code == .peer)
    #expect(pair.client.error?.message.contains("purpose") == true)
  }

  @Test func theServerChoosesAProtocol() throws {
    var client = trusting(certificates)
    var server = certificates.configuration
    client.applicationProtocols = ["http/1.1", "h2"]
    server.applicationProtocols = ["h2", "http/1.1"]
    let both = try pair(client, server: server)
    #expect(both.client.session.security?.applicationProtocol == "h2")
    #expect(both.server.session.security?.applicationProtocol == "h2")

    client.applicationProtocols = ["http/1.1"]
    #expect(try pair(client, server: server).server.session.security?.applicationProtocol == "http/1.1")

    server.applicationProtocols = ["h2"]
    let none = try pair(client, server: server)
    #expect(none.client.error?.message == "the TLS handshake failed: tlsv1 alert no application protocol")
    #expect(none.server.session.state == .failed)
  }

  @Test func aServerWithoutALPNIsRefused() throws {
    var server = certificates.configuration
    server.applicationProtocols = []
    let pair = try pair(trusting(certificates), server: server)
    #expect(pair.client.session.state == .failed && pair.client.session.security == nil)
    #expect(pair.client.error?.code == .peer && pair.client.error?.message.contains("(ALPN)") == true)
    // It learns that nothing follows.
    #expect(pair.server.session.state == .ended)

    var client = trusting(certificates)
    client.applicationProtocols = []
    let without = try self.pair(client, server: server)
    #expect(without.client.session.state == .open && without.client.session.security?.applicationProtocol == nil)
  }

  @Test func aProtocolNeedsAName() throws {
    var client = trusting(certificates)
    for name in ["", String(repeating: "x", count: 256)] {
      client.applicationProtocols = [name]
      #expect(#expect(throws: TLSError.self) { try TLSClientContext(client) }?.code == .configuration)
    }
    client.applicationProtocols = Array(repeating: String(repeating: "x", count: 255), count: 256)
    #expect(#expect(throws: TLSError.self) { try TLSClientContext(client) }?.code == .configuration)
  }

  @Test func aCertificateIsShownToServersThatAsk() throws {
    var server = certificates.configuration
    server.clientCertificates = .required(signedBy: certificates.pem("ca.pem"))
    var client = trusting(certificates)
    client.certificate = TLSCertificate(chain: certificates.pem("client.pem"), key: certificates.pem("client-key.pem"))
    let pair = try pair(client, server: server)
    #expect(pair.server.session.security?.peerCertificate?.identities == ["spiffe://development/client"])
    #expect(pair.client.session.security?.peerCertificate?.commonName == "server")

    client.certificate = nil
    let without = try self.pair(client, server: server)
    #expect(without.server.session.state == .failed)
    // With TLS 1.3 it learns so behind the handshake.
    #expect(without.client.session.state == .failed)
    #expect(without.client.error?.message.contains("alert certificate required") == true)
  }

  @Test func faultsOfTheClientsFilesAreNamed() throws {
    var client = trusting(certificates)
    client.authorities = .signedBy(.file("/nowhere/ca.pem"))
    #expect(throws: TLSError.self) { try TLSClientContext(client) }
    client.authorities = .signedBy(certificates.pem("client-key.pem"))
    let error = #expect(throws: TLSError.self) { try TLSClientContext(client) }
    #expect(error?.message.contains("has no certificates that servers' could be signed by") == true)
    client = trusting(certificates)
    client.certificate = certificates.server
    let now = WallClock.seconds()
    #expect(throws: TLSError.self) { try TLSClientContext(client, now: now + 91 * 86_400) }
    #expect(try TLSClientContext(client).validity?.source == certificates.path("server.pem"))
  }

  @Test func endIsToldBothWays() throws {
    let pair = try pair(trusting(certificates))
    pair.client.session.end()
    pair.run()
    #expect(pair.server.session.state == .ended && pair.server.error == nil)
    pair.server.session.end()
    pair.run()
    #expect(pair.client.session.state == .ended && pair.client.error == nil)
  }
}

/// A client's and a server's session, and the wire between them.
private final class SessionPair {
  final class End {
    let session: TLSSession
    fileprivate let buffers: TLSBuffers
    fileprivate(set) var received: [UInt8] = []
    fileprivate(set) var error: TLSError?

    fileprivate init(_ session: TLSSession, _ buffers: TLSBuffers) {
      self.session = session
      self.buffers = buffers
    }

    func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try session.write($0) } }

    fileprivate func takeOutput() -> [UInt8] {
      defer { buffers.removeOutput() }
      return Array(buffers.output)
    }

    fileprivate func deliver(_ bytes: [UInt8]) {
      var plaintext = [UInt8](repeating: 0, count: 16_384)
      bytes.withUnsafeBytes { bytes in
        session.receive(bytes)
        do {
          while true {
            let count = try plaintext.withUnsafeMutableBytes { try session.read(into: $0) }
            if count == 0 { return }
            received += plaintext[..<count]
          }
        } catch {
          self.error = error as? TLSError
        }
      }
    }
  }

  let client: End
  let server: End

  init(_ client: TLSClientConfiguration, host: String, server: TLSConfiguration) throws {
    let (clientBuffers, serverBuffers) = (TLSBuffers(), TLSBuffers())
    self.client = End(
      try TLSSession(TLSClientContext(client), host: host, buffers: clientBuffers), clientBuffers)
    self.server = End(try TLSSession(TLSContext(server), buffers: serverBuffers), serverBuffers)
    try self.client.session.handshake()
  }

  /// Carries bytes to and fro until neither end has any.
  func run() {
    while true {
      let (up, down) = (client.takeOutput(), server.takeOutput())
      if up.isEmpty, down.isEmpty { return }
      if !up.isEmpty { server.deliver(up) }
      if !down.isEmpty { client.deliver(down) }
    }
  }
}
