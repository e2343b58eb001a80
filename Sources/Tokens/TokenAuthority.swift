internal import Primitives

/// Issues access tokens and verifies them, for one issuer and one audience. JSON Web Tokens (RFC 7519) by the profile
/// of RFC 9068 and the advice of RFC 8725.
///
/// A value, any thread may use it.
public struct TokenAuthority: Sendable, Hashable {
  /// The type in the header. RFC 9068, section 2.1.
  static let type = "at+jwt"
  /// How much the clocks of issuer and verifier may differ, in seconds: a token is accepted so much before it begins,
  /// but never after it has ended.
  public static let leeway: Int64 = 10

  /// Who issues the tokens (`iss`).
  public let issuer: String
  /// Whom the tokens are for (`aud`).
  public let audience: String

  /// Both not empty.
  public init(issuer: String, audience: String) {
    self.issuer = issuer
    self.audience = audience
  }

  /// The text of a token. Nil if the key can't sign.
  public func issue(_ token: AccessToken, key: TokenKey) -> String? {
    var claims = JSONObjectWriter()
    claims.add("iss", issuer)
    claims.add("aud", audience)
    claims.add("sub", token.subject)
    claims.add("iat", token.issueTime)
    claims.add("nbf", token.issueTime)
    claims.add("exp", token.expireTime)
    claims.add("jti", token.id)
    if let session = token.session { claims.add("sid", session) }
    if !token.scopes.isEmpty { claims.add("scope", token.scopes.joined(separator: " ")) }
    return CompactJWS.sign(claims.finish(), type: Self.type, key: key)
  }

  /// Verifies a token, and returns what it says. Its key decides the algorithm; its header must agree.
  /// - Parameter now: seconds since 1970.
  public func verify(_ text: UnsafeRawBufferPointer, keys: KeySet, now: Int64) throws(TokenFault) -> AccessToken {
    guard let signed = CompactJWS(text) else { throw .malformed }
    guard let id = signed.header.text("kid"), let key = keys[id] else { throw .unknownKey }
    guard signed.header.text("alg") == key.algorithm.rawValue else { throw .wrongAlgorithm }
    guard !signed.header.has("crit") else { throw .extended }
    // A media type: its case does not matter, and `application/` may be left out. RFC 7515, section 4.1.9.
    guard let type = signed.header.text("typ")?.lowercased(), type == Self.type || type == "application/\(Self.type)"
    else { throw .wrongType }
    guard key.verifies(signed.signature, of: UnsafeRawBufferPointer(rebasing: text[..<signed.signedCount])) else {
      throw .wrongSignature
    }
    guard let claims = JSONObject(signed.payload) else { throw .badClaims }
    return try check(claims, now)
  }

  /// The same for a string.
  public func verify(_ text: String, keys: KeySet, now: Int64) throws(TokenFault) -> AccessToken {
    let result = Array(text.utf8).withUnsafeBytes { bytes in
      Result { () throws(TokenFault) in try verify(bytes, keys: keys, now: now) }
    }
    return try result.get()
  }

  private func check(_ claims: JSONObject, _ now: Int64) throws(TokenFault) -> AccessToken {
    guard claims.text("iss") == issuer else { throw .wrongIssuer }
    guard claims.texts("aud")?.contains(audience) == true else { throw .wrongAudience }
    guard let end = claims.seconds("exp"), let subject = claims.text("sub"), !subject.isEmpty else { throw .badClaims }
    guard now < end else { throw .expired }
    for name in ["nbf", "iat"] where claims.has(name) {
      guard let start = claims.seconds(name) else { throw .badClaims }
      guard start <= now + Self.leeway else { throw .tooEarly }
    }
    for name in ["scope", "sid", "jti"] where claims.has(name) && claims.text(name) == nil { throw .badClaims }
    return AccessToken(
      subject: subject, scopes: claims.text("scope")?.split(separator: " ").map(String.init) ?? [],
      session: claims.text("sid"), id: claims.text("jti") ?? "", issueTime: claims.seconds("iat") ?? 0, expireTime: end)
  }
}
