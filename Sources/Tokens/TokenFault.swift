/// Why a token is refused.
public enum TokenFault: String, Error, Sendable, Hashable, CaseIterable {
  /// It is no compact JWS, or not of JSON objects, or larger than 8 KiB.
  case malformed = "MALFORMED"
  /// Its header has no `kid`, or one that no key has.
  case unknownKey = "UNKNOWN_KEY"
  /// Its header names another algorithm than its key has.
  case wrongAlgorithm = "WRONG_ALGORITHM"
  /// Its header demands an extension (`crit`).
  case extended = "EXTENDED"
  /// Its header names another type than `at+jwt`: it is a token, but no access token.
  case wrongType = "WRONG_TYPE"
  /// Its signature is not that of its key.
  case wrongSignature = "WRONG_SIGNATURE"
  /// A claim is missing, or has the wrong type.
  case badClaims = "BAD_CLAIMS"
  /// Somebody else issued it.
  case wrongIssuer = "WRONG_ISSUER"
  /// It is for somebody else.
  case wrongAudience = "WRONG_AUDIENCE"
  /// Its time has not come.
  case tooEarly = "TOO_EARLY"
  /// Its time has passed.
  case expired = "EXPIRED"
}
