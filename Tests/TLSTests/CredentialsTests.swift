import Foundation
import TLS
import Testing

struct CredentialsTests {
  private let certificates = TestCertificates.localhost

  private func failure(_ configuration: TLSConfiguration) throws -> TLSError {
    try #require(throws: TLSError.self) { try TLSContext(configuration) }
  }

  @Test func faultsAreNamed() throws {
    #expect(try failure(TLSConfiguration(certificates: [])).code == .credentials)

    var configuration = certificates.configuration
    configuration.certificates[0].chain = .file("/nowhere/server.pem")
    #expect(try failure(configuration).description == "/nowhere/server.pem: No such file or directory")

    configuration = certificates.configuration
    configuration.certificates[0].key = TestCertificates.other.server.key
    let mismatch = try failure(configuration)
    #expect(mismatch.code == .credentials)
    #expect(mismatch.message.contains("server-key.pem has no key that belongs to"))
    #expect(mismatch.message.contains("key values mismatch"))

    configuration.certificates[0] = TLSCertificate(chain: certificates.server.key, key: certificates.server.key)
    #expect(try failure(configuration).message.contains("has no certificate that can be used"))

    configuration = certificates.configuration
    configuration.clientCertificates = .required(signedBy: .text(Array("nothing".utf8)))
    #expect(try failure(configuration).message.contains("the PEM text given has no certificates"))
  }

  /// A chain that is cut off in the middle is no chain.
  @Test func brokenChainIsRefused() throws {
    let chain = try [UInt8](Data(contentsOf: URL(fileURLWithPath: certificates.path("server.pem"))))
    var configuration = certificates.configuration
    configuration.certificates[0].chain = .text(chain + chain)
    _ = try TLSContext(configuration)
    configuration.certificates[0].chain = .text(chain + chain.dropLast(60))
    #expect(try failure(configuration).code == .credentials)
  }

  @Test func newFilesAreForNewConnections() throws {
    let own = TestCertificates(host: "localhost", in: NSTemporaryDirectory() + "user-service-certs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: own.directory) }
    let credentials = try TLSCredentials(own.configuration)
    #expect(try credentials.reloadIfChanged() == false)
    let before = credentials.context

    // A key that does not belong to the certificate: the old pair stays, and it is complained of once.
    try replace("server-key.pem", of: own, by: TestCertificates.other)
    #expect(throws: TLSError.self) { try credentials.reloadIfChanged() }
    #expect(credentials.context === before)
    #expect(try credentials.reloadIfChanged() == false)

    try replace("server.pem", of: own, by: TestCertificates.other)
    #expect(try credentials.reloadIfChanged())
    var settings = TestClient.Settings()
    settings.serverName = "other.example"
    settings.authority = .other
    let pair = try TestPair(credentials.context, settings)
    pair.run()
    #expect(pair.client.isOpen)

    // The one from before is still whole for those who have it.
    settings.serverName = "localhost"
    settings.authority = own
    let old = try TestPair(before, settings)
    old.run()
    #expect(old.client.isOpen)

    let current = credentials.context
    try credentials.reload()
    #expect(credentials.context !== current)
  }

  private func replace(_ name: String, of own: TestCertificates, by other: TestCertificates) throws {
    // As tools do it that renew certificates: a new file takes the old one's place.
    try FileManager.default.copyItem(atPath: other.path(name), toPath: own.path("new"))
    try #require(rename(own.path("new"), own.path(name)) == 0)
  }
}
