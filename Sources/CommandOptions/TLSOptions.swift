public import ArgumentParser
internal import Glibc
public import Transport

/// The flags that turn on TLS, the same for all programs.
public struct TLSOptions: ParsableArguments {
  /// `--tls-cert`: PEM files of certificate chains. Clients that send no server name, or one that no certificate has,
  /// get the first.
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Serve TLS with this certificate chain (PEM). With several pairs, a client gets the certificate for the name that it asks for (SNI).",
      valueName: "file"))
  public var tlsCert: [String] = []

  /// `--tls-key`: PEM files of private keys, not encrypted; the n-th belongs to the n-th certificate.
  @Option(
    name: .long, help: ArgumentHelp("The private key of a certificate (PEM); one for each.", valueName: "file"))
  public var tlsKey: [String] = []

  /// `--tls-client-ca`: a PEM file of CA certificates. If given, each client must present a certificate that one of
  /// them issued.
  @Option(
    name: .long,
    help: ArgumentHelp("Accept only clients with a certificate that one of these CAs issued (PEM).", valueName: "file"))
  public var tlsClientCa: String?

  /// No flags; `ArgumentParser` sets them.
  public init() {}

  /// Loads the files that the flags name. Without flags, the environment's `PREFIX_TLS_CERT`, `PREFIX_TLS_KEY` and
  /// `PREFIX_TLS_CLIENT_CA` name them.
  /// - Returns: nil if nothing names a certificate: no TLS.
  /// - Throws: `ValidationError` if the flags contradict each other, or if a file can't be used.
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
      throw ValidationError(
        "Give one --tls-key for each --tls-cert: there are \(keys.count) for \(chains.count) certificate(s).")
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
      throw ValidationError("The TLS files can't be used: \(error).")
    }
  }
}
