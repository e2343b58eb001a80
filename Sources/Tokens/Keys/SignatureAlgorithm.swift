/// How a token is signed. Each key has one algorithm and is used with no other, so that a token can't choose how it is
/// verified. RFC 8725, section 3.1.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
  /// HMAC with SHA-256. RFC 7518, section 3.2. Anybody who can verify a token can also make one.
  case hs256 = "HS256"
  /// ECDSA on P-256 with SHA-256. RFC 7518, section 3.4.
  case es256 = "ES256"
  /// Ed25519. RFC 8037, section 3.1.
  case eddsa = "EdDSA"

  /// The size of a signature, in bytes.
  var signatureSize: Int { self == .hs256 ? 32 : 64 }
  /// The size of a secret, in bytes; for HS256 the least size that RFC 7518 allows.
  var secretSize: Int { 32 }
  /// The size of the public half, in bytes: both coordinates for P-256.
  var publicSize: Int { self == .es256 ? 64 : 32 }

  /// Whether the public half of a key may be shown to everybody.
  public var isAsymmetric: Bool { self != .hs256 }
}
