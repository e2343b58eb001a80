public import ArgumentParser
public import Transport

/// How a program connects to a server, with the flags of grpcurl.
public struct ClientTLSOptions: ParsableArguments {
  /// Connect without TLS.
  @Flag(help: "Connect without TLS.")
  public var plaintext = false
  /// A PEM file of certificates: who may have signed the server's.
  @Option(
    name: .customLong("cacert"),
    help: ArgumentHelp("Who may have signed the server's certificate (PEM); else the system's.", valueName: "file"))
  public var authorities: String?
  /// A PEM file: the certificate chain that is shown to the server.
  @Option(name: .customLong("cert"), help: ArgumentHelp("The client's certificate chain (PEM).", valueName: "file"))
  public var certificate: String?
  /// A PEM file: the key of that certificate.
  @Option(name: .customLong("key"), help: ArgumentHelp("The key of the client's certificate (PEM).", valueName: "file"))
  public var key: String?
  /// What calls name as their `:authority`; the server's certificate must be for its host.
  @Option(
    help: ArgumentHelp(
      "The name that the server's certificate must be for, in place of the target's.", valueName: "name")
  )
  public var authority: String?

  /// No flags; `ArgumentParser` sets them.
  public init() {}

  /// Checks that the flags fit together; `ArgumentParser` calls it.
  public func validate() throws {
    guard (certificate == nil) == (key == nil) else { throw ValidationError("--cert and --key go together.") }
    guard !plaintext || (authorities == nil && certificate == nil) else {
      throw ValidationError("--plaintext goes with no certificates.")
    }
  }

  /// Loads the files that the flags name.
  /// - Returns: nil for no TLS.
  /// - Throws: `ValidationError` if a file can't be used.
  public func context() throws -> TLSClientContext? {
    if plaintext { return nil }
    var tls = TLSClientConfiguration()
    if let authorities { tls.authorities = .signedBy(.file(authorities)) }
    if let certificate, let key { tls.certificate = TLSCertificate(chain: .file(certificate), key: .file(key)) }
    do throws(TLSError) {
      return try TLSClientContext(tls)
    } catch {
      throw ValidationError("The TLS files can't be used: \(error).")
    }
  }
}
