import Foundation
public import Transport

/// Certificates that scripts/certs.sh makes.
public struct TestCertificates: Sendable {
  /// Where the files are.
  public let directory: String

  /// One authority for localhost, one for other.example: shared by tests, and by their runs, and not to be changed.
  public static let localhost = TestCertificates(host: "localhost", in: root + "/.local/test-certs/localhost")
  /// The one for other.example.
  public static let other = TestCertificates(host: "other.example", in: root + "/.local/test-certs/other")
  private static let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardized.path

  /// Has the script make what is missing in the directory.
  public init(host: String, in directory: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = [Self.root + "/scripts/certs.sh", directory, host]
    process.standardOutput = FileHandle.nullDevice
    try? process.run()
    process.waitUntilExit()
    self.directory = directory
  }

  /// The path of a file: `ca.pem`, `server.pem`, `server-key.pem`, `client.pem`, `client-key.pem`.
  public func path(_ name: String) -> String { "\(directory)/\(name)" }
  /// The file, for configurations.
  public func pem(_ name: String) -> PEM { .file(path(name)) }

  /// The server's certificate and key.
  public var server: TLSCertificate { TLSCertificate(chain: pem("server.pem"), key: pem("server-key.pem")) }
  /// A server's configuration with this certificate.
  public var configuration: TLSConfiguration { TLSConfiguration(certificates: [server]) }
}
