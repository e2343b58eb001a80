import Foundation
import Transport

/// Certificates that scripts/certs.sh makes.
struct TestCertificates: Sendable {
  let directory: String

  /// One authority for localhost, one for other.example: shared by tests, and by their runs, and not to be changed.
  static let localhost = TestCertificates(host: "localhost", in: root + "/.local/test-certs/localhost")
  static let other = TestCertificates(host: "other.example", in: root + "/.local/test-certs/other")
  private static let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardized.path

  init(host: String, in directory: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = [Self.root + "/scripts/certs.sh", directory, host]
    process.standardOutput = FileHandle.nullDevice
    try? process.run()
    process.waitUntilExit()
    self.directory = directory
  }

  func path(_ name: String) -> String { "\(directory)/\(name)" }
  func pem(_ name: String) -> PEM { .file(path(name)) }

  var server: TLSCertificate { TLSCertificate(chain: pem("server.pem"), key: pem("server-key.pem")) }
  var configuration: TLSConfiguration { TLSConfiguration(certificates: [server]) }
}
