import COpenSSL
import Primitives
import TestPeer
import Testing
import Transport

struct ClientCertificateTests {
  private let certificates = TestCertificates.localhost

  private func context(_ clients: TLSConfiguration.ClientCertificates) throws -> TLSContext {
    var configuration = certificates.configuration
    configuration.clientCertificates = clients
    return try TLSContext(configuration)
  }

  private func pair(_ context: TLSContext, showing identity: TestCertificates?) throws -> TestPair {
    var settings = TestClient.Settings()
    settings.identity = identity
    let pair = try TestPair(context, settings)
    pair.run()
    return pair
  }

  @Test func identityIsKnown() throws {
    let pair = try pair(context(.required(signedBy: certificates.pem("ca.pem"))), showing: certificates)
    #expect(pair.server.state == .open)
    let certificate = try #require(pair.server.security?.peerCertificate)
    #expect(certificate.commonName == "client")
    #expect(certificate.uris == ["spiffe://development/client"])
    #expect(certificate.identities == ["spiffe://development/client"])
    #expect(certificate.derEncoding.first == 0x30)
  }

  @Test func certificateOfAServerNamesItsHost() throws {
    // Trusted by itself, without its authority.
    let own = PEM.file(certificates.path("client.pem"))
    #expect(try pair(context(.required(signedBy: own)), showing: certificates).server.state == .open)
  }

  @Test func nobodyIsLetInWithoutOneThatIsTrusted() throws {
    let context = try context(.required(signedBy: certificates.pem("ca.pem")))
    let none = try pair(context, showing: nil)
    #expect(none.server.state == .failed && none.error?.code == .peer)
    let foreign = try pair(context, showing: .other)
    #expect(foreign.server.state == .failed && foreign.error?.code == .peer)
  }

  @Test func optionalOneIsCheckedAllTheSame() throws {
    let context = try context(.optional(signedBy: certificates.pem("ca.pem")))
    let none = try pair(context, showing: nil)
    #expect(none.server.state == .open && none.server.security?.peerCertificate == nil)
    #expect(try pair(context, showing: certificates).server.security?.peerCertificate?.commonName == "client")
    #expect(try pair(context, showing: .other).server.state == .failed)
  }

  @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
  func sessionIsResumedWithItsIdentity(version: Int32) throws {
    let context = try context(.required(signedBy: certificates.pem("ca.pem")))
    var settings = TestClient.Settings()
    settings.identity = certificates
    settings.version = version...version
    let first = try TestPair(context, settings)
    first.run()
    // With TLS 1.3 the ticket comes behind the handshake.
    _ = first.client.receive()
    settings.session = SSL_get1_session(first.client.session)
    defer { SSL_SESSION_free(settings.session) }
    let second = try TestPair(context, settings)
    second.run()
    let security = try #require(second.server.security)
    #expect(security.isResumed)
    #expect(security.peerCertificate == first.server.security?.peerCertificate)

    // Who was trusted once need not be so for ever: new credentials know nothing of old sessions.
    let renewed = try TestPair(self.context(.required(signedBy: certificates.pem("ca.pem"))), settings)
    renewed.run()
    #expect(renewed.server.security?.isResumed == false)
  }
}
