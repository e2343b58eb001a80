/// How a token is signed. Each key has one algorithm and is used with no other, so that a token can't choose how it is
/// verified. RFC 8725, section 3.1.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
  /// HMAC with SHA-256. RFC 7518, section 3.2. Who verifies a token can also make one.
  case hs256 = "HS256"
  /// ECDSA on P-256 with SHA-256. RFC 7518, section 3.4.
  case es256 = "ES256"
  /// Ed25519. RFC 8037, section 3.1.
  case eddsa = "EdDSA"

  /// The bytes of a signature.
  var signatureSize: Int { self == .hs256 ? 32 : 64 }
  /// The bytes of a secret; the fewest for HS256, as RFC 7518 demands.
  var secretSize: Int { 32 }
  /// The bytes of the public half: both coordinates for P-256.
  var publicSize: Int { self == .es256 ? 64 : 32 }

  /// Whether the public half of a key may be shown to everybody.
  public var isAsymmetric: Bool { self != .hs256 }
}
