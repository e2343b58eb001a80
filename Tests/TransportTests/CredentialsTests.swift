import Foundation
import Primitives
import Synchronization
import TestPeer
import Testing
import Transport

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

  /// What scripts/certs.sh makes is valid from when it was made, for 90 days.
  @Test func aCertificateIsUsedWhileItIsValid() throws {
    let now = WallClock.seconds()
    let expired = try #require(throws: TLSError.self) {
      try TLSContext(certificates.configuration, now: now + 91 * day)
    }
    #expect(expired.code == .credentials)
    #expect(expired.message.hasPrefix("\(certificates.path("server.pem")) has expired: it was valid until 20"))
    let early = try #require(throws: TLSError.self) { try TLSContext(certificates.configuration, now: now - 91 * day) }
    #expect(early.message.hasPrefix("\(certificates.path("server.pem")) is not valid before 20"))

    let validity = try #require(try TLSContext(certificates.configuration).validities.first)
    #expect(validity.source == certificates.path("server.pem"))
    #expect((now..<now + 91 * day).contains(validity.end))
    _ = try TLSContext(certificates.configuration, now: validity.end - 1)
    #expect(throws: TLSError.self) { try TLSContext(certificates.configuration, now: validity.end) }
  }

  @Test(arguments: [["pkey"], ["ec"]]) func anEncryptedKeyIsCalledOne(tool: [String]) throws {
    let file = NSTemporaryDirectory() + "user-service-key-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let openssl = Process()
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    openssl.arguments =
      tool + ["-in", certificates.path("server-key.pem"), "-out", file, "-aes256", "-passout", "pass:sesame"]
    openssl.standardError = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    var configuration = certificates.configuration
    configuration.certificates[0].key = .file(file)
    #expect(try failure(configuration).message.hasPrefix("\(file) is encrypted"))
  }

  /// A renewal that is no good never takes the place of what is.
  @Test func reloadingKeepsWhatIsGood() throws {
    let own = temporary()
    defer { try? FileManager.default.removeItem(atPath: own.directory) }
    let start = WallClock.seconds()
    let clock = Mutex(start)
    let credentials = try TLSCredentials(own.configuration) { clock.withLock { $0 } }
    let before = credentials.context

    clock.withLock { $0 = start + 91 * day }
    #expect(throws: TLSError.self) { try credentials.reload() }
    #expect(credentials.context === before)

    // Too new by the server's clock: complained of once, and taken up when its time has come.
    clock.withLock { $0 = start - 91 * day }
    for name in ["server.pem", "server-key.pem"] { try replace(name, of: own, by: .other) }
    #expect(throws: TLSError.self) { try credentials.reloadIfChanged() }
    #expect(try credentials.reloadIfChanged() == false)
    #expect(credentials.context === before)
    clock.withLock { $0 = start }
    #expect(try credentials.reloadIfChanged())
    #expect(credentials.context !== before)
    #expect(try credentials.reloadIfChanged() == false)
  }

  private let day: Int64 = 86_400

  private func temporary() -> TestCertificates {
    TestCertificates(host: "localhost", in: NSTemporaryDirectory() + "user-service-certs-\(UUID().uuidString)")
  }

  @Test func newFilesAreForNewConnections() throws {
    let own = temporary()
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
