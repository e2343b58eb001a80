internal import Glibc

/// What a server needs to speak TLS.
///
/// ```swift
/// let pair = TLSCertificate(chain: .file("server.pem"), key: .file("server-key.pem"))
/// let credentials = try TLSCredentials(TLSConfiguration(certificates: [pair]))
/// ```
public struct TLSConfiguration: Sendable {
  /// Which clients have to show a certificate.
  public enum ClientCertificates: Sendable {
    /// None is asked for.
    case none
    /// One that is shown must be signed by one of these.
    case optional(signedBy: PEM)
    /// The handshake fails without one (mutual TLS).
    case required(signedBy: PEM)
  }

  /// The versions of TLS that may be asked for.
  public enum Version: Sendable {
    /// RFC 5246, with ephemeral keys and AEAD ciphers only, as RFC 9113, section 9.2 has it.
    case tls12
    /// RFC 8446.
    case tls13
  }

  /// The first is shown to clients that ask for no name, or for one that none has.
  public var certificates: [TLSCertificate]
  /// Whether clients must show a certificate. By default they are not asked for one.
  public var clientCertificates = ClientCertificates.none
  /// What clients may ask for by ALPN (RFC 7301), in the order of preference; a client that offers none of them is
  /// refused. One that doesn't use ALPN is taken for a client of `http/1.1` if that is among them, and refused
  /// otherwise. Empty: ALPN is not used.
  public var applicationProtocols = ["h2", "http/1.1"]
  /// The lowest version that is spoken. RFC 9113, section 9.2 allows none below 1.2.
  public var minimumVersion = Version.tls12

  /// TLS 1.2 or later with these certificates, of which there must be at least one; no client certificates.
  public init(certificates: [TLSCertificate]) { self.certificates = certificates }
}

/// A certificate and its key.
public struct TLSCertificate: Sendable {
  /// The certificate, then those that link it to a root.
  public var chain: PEM
  /// PKCS #8, PKCS #1 or SEC 1, not encrypted.
  public var key: PEM

  /// A chain and the key of its first certificate. They are read and checked when a `TLSContext` is made.
  public init(chain: PEM, key: PEM) {
    self.chain = chain
    self.key = key
  }
}

/// Text with certificates or a key (RFC 7468).
public enum PEM: Sendable, Hashable {
  /// Read when credentials are made, and again when they are reloaded.
  case file(String)
  case text([UInt8])

  /// A certificate file may name a whole country's authorities, but not more.
  private static let limit = 16 << 20

  /// What messages call it.
  var name: String {
    switch self {
    case .file(let path): path
    case .text: "the PEM text given"
    }
  }

  /// - Throws: `TLSError` with the system's reason.
  func load() throws(TLSError) -> [UInt8] {
    switch self {
    case .text(let bytes): return bytes
    case .file(let path):
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw TLSError(.file, "\(path): \(String(cString: strerror(errno)))") }
      defer { _ = close(descriptor) }
      var bytes: [UInt8] = []
      while bytes.count <= Self.limit {
        var count = 0
        bytes.append(addingCapacity: 65_536) {
          count = read(descriptor, $0.baseAddress, $0.count); return max(0, count)
        }
        if count == 0 { return bytes }
        if count < 0, errno != EINTR { throw TLSError(.file, "\(path): \(String(cString: strerror(errno)))") }
      }
      throw TLSError(.file, "\(path): this is too large for PEM")
    }
  }
}

extension [UInt8] {
  /// Appends what `body` writes: it returns how many bytes that are.
  fileprivate mutating func append(addingCapacity count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    let old = self.count
    append(contentsOf: repeatElement(0, count: count))
    let added = withUnsafeMutableBytes { body(UnsafeMutableRawBufferPointer(rebasing: $0[old...])) }
    removeLast(count - added)
  }
}
