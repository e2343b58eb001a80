/// What a client needs to connect by TLS.
///
/// ```swift
/// var configuration = TLSClientConfiguration()
/// configuration.authorities = .signedBy(.file("ca.pem"))
/// let context = try TLSClientContext(configuration)
/// ```
public struct TLSClientConfiguration: Sendable {
  /// Who may have signed the server's certificate.
  public enum Authorities: Sendable {
    /// Those that the operating system trusts, or the files that SSL_CERT_FILE and SSL_CERT_DIR name.
    case system
    /// One of these, and no others.
    case signedBy(PEM)
  }

  /// Who may have signed the server's certificate. It is always verified, and so is the host that it is for.
  public var authorities = Authorities.system
  /// What is shown to servers that ask for a certificate; nil: none.
  public var certificate: TLSCertificate?
  /// What is offered by ALPN (RFC 7301), in the order of preference. The handshake fails if the server chooses none of
  /// them. Empty: ALPN is not used.
  public var applicationProtocols = ["h2"]
  /// The lowest version that is accepted. RFC 9113, section 9.2 allows none below 1.2.
  public var minimumVersion = TLSConfiguration.Version.tls12

  /// TLS 1.2 or later with a server that the system's authorities vouch for, HTTP/2, and no client certificate.
  public init() {}
}
