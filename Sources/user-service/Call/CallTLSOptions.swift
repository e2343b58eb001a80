import ArgumentParser
import RPCClient
import Transport

/// How `call` connects, with the flags of grpcurl.
struct CallTLSOptions: ParsableArguments {
  @Flag(help: "Connect without TLS.")
  var plaintext = false
  @Option(
    name: .customLong("cacert"),
    help: ArgumentHelp("Who may have signed the server's certificate (PEM); else the system's.", valueName: "file"))
  var authorities: String?
  @Option(name: .customLong("cert"), help: ArgumentHelp("The client's certificate chain (PEM).", valueName: "file"))
  var certificate: String?
  @Option(name: .customLong("key"), help: ArgumentHelp("The key of the client's certificate (PEM).", valueName: "file"))
  var key: String?
  @Option(
    help: ArgumentHelp("The name that the server's certificate must be for, in place of --server's.", valueName: "name")
  )
  var authority: String?

  func validate() throws {
    guard (certificate == nil) == (key == nil) else { throw ValidationError("--cert and --key go together.") }
    guard !plaintext || (authorities == nil && certificate == nil) else {
      throw ValidationError("--plaintext goes with no certificates.")
    }
  }

  /// - Throws: `TLSError` if a file can't be used.
  func configuration() throws -> ChannelConfiguration {
    var configuration = ChannelConfiguration()
    configuration.authority = authority
    configuration.maximumResponseSize = 64 << 20
    if plaintext { return configuration }
    var tls = TLSClientConfiguration()
    if let authorities { tls.authorities = .signedBy(.file(authorities)) }
    if let certificate, let key { tls.certificate = TLSCertificate(chain: .file(certificate), key: .file(key)) }
    configuration.tls = try TLSClientContext(tls)
    return configuration
  }
}
