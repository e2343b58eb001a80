/// What is known of a connection that is enciphered (TLS), and of who is at its other end.
public final class TransportSecurity: Sendable {
  /// "TLSv1.3".
  public let version: String
  /// As OpenSSL names it: "TLS_AES_256_GCM_SHA384".
  public let cipher: String
  /// The name that the client asked for (SNI, RFC 6066); nil if it asked for none. The client chose it: it proves
  /// nothing.
  public let serverName: String?
  /// What ALPN chose (RFC 7301): "h2", "http/1.1"; nil if it was not used.
  public let applicationProtocol: String?
  /// Whether the session is one that client and server had before. Certificates were checked then.
  public let isResumed: Bool
  /// What the other end proved to be. On a server it is nil if the client was not asked, or need not have shown one.
  public let peerCertificate: PeerCertificate?

  /// What a handshake found. Names of version and cipher are OpenSSL's.
  public init(
    version: String, cipher: String, serverName: String? = nil, applicationProtocol: String? = nil,
    isResumed: Bool = false, peerCertificate: PeerCertificate? = nil
  ) {
    self.version = version
    self.cipher = cipher
    self.serverName = serverName
    self.applicationProtocol = applicationProtocol
    self.isResumed = isResumed
    self.peerCertificate = peerCertificate
  }
}

/// A certificate (RFC 5280) whose key the peer has, signed by an authority that is trusted.
public struct PeerCertificate: Sendable, Hashable {
  /// The last common name of its subject; nil if there is none.
  public let commonName: String?
  /// Subject alternative names, in the certificate's order.
  public let dnsNames: [String]
  /// Among them SPIFFE IDs: spiffe://example.com/users.
  public let uris: [String]
  /// Email addresses of the subject alternative name.
  public let emails: [String]
  /// The whole certificate, DER-encoded.
  public let derEncoding: [UInt8]

  /// The names in a certificate that was verified. Without a certificate there is no value of this type.
  public init(
    commonName: String?, dnsNames: [String] = [], uris: [String] = [], emails: [String] = [], derEncoding: [UInt8] = []
  ) {
    self.commonName = commonName
    self.dnsNames = dnsNames
    self.uris = uris
    self.emails = emails
    self.derEncoding = derEncoding
  }

  /// Who the peer is, in the words that gRPC uses for it: its alternative names, or its common name where it has none.
  public var identities: [String] {
    let names = uris + dnsNames + emails
    return names.isEmpty ? commonName.map { [$0] } ?? [] : names
  }
}
