public import ArgumentParser
internal import Glibc
public import Transport

/// The flags by which a program is told to speak TLS, the same for all of them.
public struct TLSOptions: ParsableArguments {
  /// `--tls-cert`: files of certificate chains, PEM. The first is for clients that ask for no name or an unknown one.
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Speak TLS with this certificate chain (PEM); further pairs are for the names that their certificates carry (SNI).",
      valueName: "file"))
  public var tlsCert: [String] = []

  /// `--tls-key`: files of private keys, PEM, not encrypted; the n-th belongs to the n-th certificate.
  @Option(
    name: .long, help: ArgumentHelp("The key of the certificate (PEM); as many as certificates.", valueName: "file"))
  public var tlsKey: [String] = []

  /// `--tls-client-ca`: a file of CA certificates, PEM. A client must then show a certificate that one of them signed.
  @Option(
    name: .long,
    help: ArgumentHelp("Take only clients with a certificate that one of these has signed (PEM).", valueName: "file"))
  public var tlsClientCa: String?

  /// No flags; `ArgumentParser` fills them in.
  public init() {}

  /// What the flags say, and where they say nothing the environment's `PREFIX_TLS_CERT`, `_KEY` and `_CLIENT_CA`.
  /// - Returns: nil if there is to be no TLS.
  /// - Throws: `ValidationError` for flags that don't go together, and for files that can't be used.
  public func credentials(environment prefix: String? = nil) throws -> TLSCredentials? {
    func text(_ name: String) -> String? {
      guard let prefix, let value = getenv("\(prefix)_\(name)") else { return nil }
      return value.pointee == 0 ? nil : String(cString: value)
    }
    func list(_ name: String) throws -> [String] {
      try prefix.flatMap { try EnvironmentList.values(of: "\($0)_\(name)") } ?? []
    }
    let chains = tlsCert.isEmpty ? try list("TLS_CERT") : tlsCert
    let keys = tlsKey.isEmpty ? try list("TLS_KEY") : tlsKey
    let authorities = tlsClientCa ?? text("TLS_CLIENT_CA")
    guard chains.count == keys.count else {
      throw ValidationError("--tls-cert and --tls-key belong together: \(chains.count) and \(keys.count) were given.")
    }
    guard !chains.isEmpty else {
      guard authorities == nil else { throw ValidationError("--tls-client-ca needs --tls-cert and --tls-key.") }
      return nil
    }
    var configuration = TLSConfiguration(
      certificates: zip(chains, keys).map { TLSCertificate(chain: .file($0), key: .file($1)) })
    if let authorities { configuration.clientCertificates = .required(signedBy: .file(authorities)) }
    do throws(TLSError) {
      return try TLSCredentials(configuration)
    } catch {
      throw ValidationError("TLS can't be spoken: \(error).")
    }
  }
}
