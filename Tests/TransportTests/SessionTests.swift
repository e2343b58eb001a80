import COpenSSL
import Primitives
import TestPeer
import Testing
import Transport

struct SessionTests {
  private let certificates = TestCertificates.localhost

  @Test(arguments: [1, 7, Int.max], [TLS1_2_VERSION, TLS1_3_VERSION])
  func bytesGoBothWaysInPiecesOfAnySize(piece: Int, version: Int32) throws {
    var settings = TestClient.Settings()
    settings.version = version...version
    let pair = try TestPair(TLSContext(certificates.configuration), settings)
    pair.run(piece: piece)
    #expect(pair.client.isOpen && pair.server.state == .open)
    let security = try #require(pair.server.security)
    #expect(security.version == (version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"))
    #expect(security.serverName == "localhost")
    #expect(!security.isResumed)
    #expect(security.peerCertificate == nil)

    pair.client.send(Array("PRI * HTTP/2.0".utf8))
    pair.run(piece: piece)
    #expect(pair.received == Array("PRI * HTTP/2.0".utf8))
    // More than a record holds.
    let answer = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try answer.withUnsafeBytes { try pair.server.write($0) }
    pair.flush()
    #expect(pair.client.receive() == answer)
  }

  @Test(arguments: ["", "\u{8}http/1.1", "\u{3}h2c"])
  func whoDoesNotOfferHTTP2IsTold(protocols: String) throws {
    var settings = TestClient.Settings()
    settings.alpn = Array(protocols.utf8)
    var configuration = certificates.configuration
    configuration.applicationProtocols = ["h2"]
    let pair = try TestPair(TLSContext(configuration), settings)
    pair.run()
    #expect(pair.server.state == .failed)
    #expect(pair.error?.code == .peer)
    #expect(pair.client.failure == "tlsv1 alert no application protocol")
  }

  /// A client of HTTP/1.1 need not use ALPN; one that does must offer something that is spoken.
  @Test(arguments: [("", nil), ("\u{8}http/1.1", "http/1.1")]) func http1NeedsNoALPN(
    offered: String, chosen: String?
  ) throws {
    var settings = TestClient.Settings()
    settings.alpn = Array(offered.utf8)
    let pair = try TestPair(TLSContext(certificates.configuration), settings)
    pair.run()
    #expect(pair.client.isOpen && pair.server.state == .open)
    #expect(pair.server.security?.applicationProtocol == chosen)
    settings.alpn = Array("\u{3}h2c".utf8)
    let other = try TestPair(TLSContext(certificates.configuration), settings)
    other.run()
    #expect(other.server.state == .failed && other.client.failure == "tlsv1 alert no application protocol")
  }

  @Test func http2IsChosenAmongOthers() throws {
    var settings = TestClient.Settings()
    settings.alpn = Array("\u{8}http/1.1\u{2}h2".utf8)
    let pair = try TestPair(TLSContext(certificates.configuration), settings)
    pair.run()
    #expect(pair.client.isOpen && pair.server.state == .open)
  }

  @Test func oldVersionsAreRefused() throws {
    var settings = TestClient.Settings()
    settings.version = TLS1_1_VERSION...TLS1_1_VERSION
    let old = try TestPair(TLSContext(certificates.configuration), settings)
    old.run()
    #expect(old.server.state == .failed && !old.client.isOpen)

    var configuration = certificates.configuration
    configuration.minimumVersion = .tls13
    settings.version = TLS1_2_VERSION...TLS1_2_VERSION
    let strict = try TestPair(TLSContext(configuration), settings)
    strict.run()
    #expect(strict.server.state == .failed)
    #expect(strict.client.failure == "tlsv1 alert protocol version")
  }

  @Test func nameChoosesTheCertificate() throws {
    var configuration = certificates.configuration
    configuration.certificates.append(TestCertificates.other.server)
    let context = try TLSContext(configuration)
    var settings = TestClient.Settings()
    let first = try TestPair(context, settings)
    first.run()
    #expect(first.client.isOpen && first.client.serverNames == ["localhost"])

    settings.serverName = "other.example"
    settings.authority = .other
    let second = try TestPair(context, settings)
    second.run()
    #expect(second.client.isOpen && second.client.serverNames == ["other.example"])
    #expect(second.server.security?.serverName == "other.example")
  }

  @Test func endIsToldBothWays() throws {
    let pair = try TestPair(TLSContext(certificates.configuration))
    pair.run()
    pair.client.end()
    pair.run()
    #expect(pair.server.state == .ended && pair.error == nil)
    pair.server.end()
    pair.flush()
    #expect(pair.client.receive() == [])
    #expect(SSL_get_shutdown(pair.client.session) == SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
  }

  @Test func renegotiationIsRefused() throws {
    var settings = TestClient.Settings()
    settings.version = TLS1_2_VERSION...TLS1_2_VERSION
    let pair = try TestPair(TLSContext(certificates.configuration), settings)
    pair.run()
    _ = SSL_renegotiate(pair.client.session)
    pair.client.send([1])
    pair.run()
    _ = pair.client.receive()
    #expect(pair.received.isEmpty)
    #expect(pair.client.failure == "no renegotiation")
  }

  @Test func whatIsNotTLSIsAnError() throws {
    let context = try TLSContext(certificates.configuration)
    for bytes in ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}\u{ff}\u{ff}"] {
      let pair = try TestPair(context)
      pair.deliver(Array(bytes.utf8)[...])
      #expect(pair.server.state == .failed && pair.error?.code == .peer)
      // What comes afterwards changes nothing.
      pair.deliver(Array(bytes.utf8)[...])
      #expect(pair.server.state == .failed && pair.received.isEmpty)
    }
  }

  /// A handshake with one byte changed either fails, or the byte did not matter; it never does harm.
  @Test func brokenHandshakesDoNoHarm() throws {
    let context = try TLSContext(certificates.configuration)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let pair = try TestPair(context)
      pair.client.handshake()
      var hello = pair.client.takeOutput()
      let place = Int.random(in: 0..<hello.count, using: &random)
      hello[place] ^= UInt8.random(in: 1...255, using: &random)
      pair.deliver(hello[...])
      pair.flush()
      pair.run()
      #expect(pair.received.isEmpty)
      #expect((pair.server.state == .failed) == (pair.error != nil))
    }
  }
}
