import Primitives
import Testing

@testable import Tokens

/// Which tokens are taken.
@Suite struct TokenAuthorityTests {
  private let authority = TokenAuthority(issuer: "issuer", audience: "here")
  private let token = AccessToken(
    subject: "ada", scopes: ["users.read", "users.write"], session: "s\"1\\\u{1}ü", id: "t1", issueTime: 1000,
    expireTime: 1900)

  private func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

  /// A token with these texts, signed by the key.
  private func text(_ header: String, _ claims: String, _ key: TokenKey) throws -> String {
    let signed = "\(encoded(header)).\(encoded(claims))"
    let signature = try #require(Array(signed.utf8).withUnsafeBytes { key.sign($0) })
    return "\(signed).\(Base64URL.encode(signature))"
  }

  private func fault(_ text: String, _ keys: TokenKey..., now: Int64 = 1000) -> TokenFault? {
    do throws(TokenFault) {
      _ = try authority.verify(text, keys: KeySet(keys), now: now)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: SignatureAlgorithm.allCases) func roundTrip(algorithm: SignatureAlgorithm) throws {
    let key = try makeKey("key", algorithm), text = try #require(authority.issue(token, key: key))
    #expect(try authority.verify(text, keys: KeySet([key]), now: 1000) == token)
    // Until it ends, and so much before it begins.
    #expect(fault(text, key, now: 1899) == nil && fault(text, key, now: 1900) == .expired)
    #expect(fault(text, key, now: 990) == nil && fault(text, key, now: 989) == .tooEarly)
    #expect(fault(text) == .unknownKey)
    #expect(fault(text, try makeKey("key", algorithm)) == .wrongSignature)
    var (issuer, audience) = (authority, authority)
    issuer = TokenAuthority(issuer: "other", audience: "here")
    audience = TokenAuthority(issuer: "issuer", audience: "there")
    #expect(throws: TokenFault.wrongIssuer) { try issuer.verify(text, keys: KeySet([key]), now: 1000) }
    #expect(throws: TokenFault.wrongAudience) { try audience.verify(text, keys: KeySet([key]), now: 1000) }
  }

  private static let goodClaims = #"{"iss":"issuer","aud":"here","sub":"ada","exp":1900}"#
  private static let goodHeader = #"{"alg":"HS256","kid":"key","typ":"at+jwt"}"#

  @Test(
    arguments: [
      (goodHeader, nil), (#"{"alg":"HS256","kid":"key","typ":"application/AT+JWT"}"#, nil),
      (#"{"alg":"none","kid":"key","typ":"at+jwt"}"#, .wrongAlgorithm),
      (#"{"alg":"HS512","kid":"key","typ":"at+jwt"}"#, .wrongAlgorithm),
      (#"{"alg":"hs256","kid":"key","typ":"at+jwt"}"#, .wrongAlgorithm),
      (#"{"alg":1,"kid":"key","typ":"at+jwt"}"#, .wrongAlgorithm), (#"{"kid":"key","typ":"at+jwt"}"#, .wrongAlgorithm),
      (#"{"alg":"HS256","typ":"at+jwt"}"#, .unknownKey), (#"{"alg":"HS256","kid":"","typ":"at+jwt"}"#, .unknownKey),
      (#"{"alg":"HS256","kid":["key"],"typ":"at+jwt"}"#, .unknownKey),
      (#"{"alg":"HS256","kid":"key"}"#, .wrongType), (#"{"alg":"HS256","kid":"key","typ":"JWT"}"#, .wrongType),
      (#"{"alg":"HS256","kid":"key","typ":"at+jwt","crit":["b64"],"b64":false}"#, .extended),
      ("[]", .malformed), ("", .malformed), ("{}{}", .malformed),
    ] as [(String, TokenFault?)])
  func headerSets(header: String, expected: TokenFault?) throws {
    let key = try makeKey("key", .hs256)
    #expect(fault(try text(header, Self.goodClaims, key), key) == expected)
  }

  @Test(
    arguments: [
      (goodClaims, nil), (#"{"iss":"issuer","aud":["there","here"],"sub":"ada","exp":1900.5}"#, nil),
      (#"{"aud":"here","sub":"ada","exp":1900}"#, .wrongIssuer), (#"{"iss":["issuer"],"aud":"here"}"#, .wrongIssuer),
      (#"{"iss":"issuer","sub":"ada","exp":1900}"#, .wrongAudience),
      (#"{"iss":"issuer","aud":[],"sub":"ada","exp":1900}"#, .wrongAudience),
      (#"{"iss":"issuer","aud":["here",1],"sub":"ada","exp":1900}"#, .wrongAudience),
      (#"{"iss":"issuer","aud":"HERE","sub":"ada","exp":1900}"#, .wrongAudience),
      (#"{"iss":"issuer","aud":"here","sub":"ada"}"#, .badClaims),
      (#"{"iss":"issuer","aud":"here","sub":"ada","exp":"1900"}"#, .badClaims),
      (#"{"iss":"issuer","aud":"here","sub":"ada","exp":1e300}"#, .badClaims),
      (#"{"iss":"issuer","aud":"here","sub":"ada","exp":-1}"#, .expired),
      (#"{"iss":"issuer","aud":"here","exp":1900}"#, .badClaims),
      (#"{"iss":"issuer","aud":"here","sub":"","exp":1900}"#, .badClaims),
      (#"{"iss":"issuer","aud":"here","sub":"ada","exp":1900,"nbf":1011}"#, .tooEarly),
      (#"{"iss":"issuer","aud":"here","sub":"ada","exp":1900,"nbf":"1"}"#, .badClaims),
      (#"{"iss":"issuer","aud":"here","sub":"ada","exp":1900,"iat":1011}"#, .tooEarly),
      (#"{"iss":"issuer","aud":"here","sub":"ada","exp":1900,"scope":["admin"]}"#, .badClaims),
      (#"{"iss":"issuer","aud":"here","sub":"ada","exp":1900,"sid":1}"#, .badClaims),
      ("[]", .badClaims), ("nonsense", .badClaims),
    ] as [(String, TokenFault?)])
  func claimSets(claims: String, expected: TokenFault?) throws {
    let key = try makeKey("key", .hs256)
    #expect(fault(try text(Self.goodHeader, claims, key), key) == expected)
  }

  /// The public half of a key is no secret of HMAC: the classic confusion of key types.
  @Test func aPublicHalfIsNoSecret() throws {
    let pair = try makeKey("key", .eddsa)
    guard case .pair(let numbers) = pair.material else { throw TokenFault.malformed }
    let forger = TokenKey(
      id: "key", algorithm: .hs256, createTime: 0, notBefore: 0, material: .secret(numbers.publicHalf))
    #expect(fault(try text(Self.goodHeader, Self.goodClaims, forger), pair) == .wrongAlgorithm)
    // Nor does it help to lie about the algorithm.
    let header = #"{"alg":"EdDSA","kid":"key","typ":"at+jwt"}"#
    #expect(fault(try text(header, Self.goodClaims, forger), pair) == .wrongSignature)
    #expect(fault("\(encoded(header)).\(encoded(Self.goodClaims)).", pair) == .wrongSignature)
  }

  @Test func malformedTexts() throws {
    let key = try makeKey("key", .hs256), good = try #require(authority.issue(token, key: key))
    let parts = good.split(separator: ".").map(String.init)
    let long = "\(parts[0]).\(String(repeating: "A", count: 8192)).\(parts[2])"
    for text in [
      "", ".", "..", "...", "a", parts[0], parts[0] + "." + parts[1], good + ".", good + ".a", "." + good, " " + good,
      good + " ", good + "=", good.replacing("-", with: "+"), long, "\(parts[0])..\(parts[2])", "ü.ü.ü",
    ] where text != good {
      #expect(fault(text, key) != nil, "\(text)")
    }
    // Every byte counts.
    for index in good.utf8.indices {
      var bytes = Array(good.utf8)
      let offset = good.utf8.distance(from: good.utf8.startIndex, to: index)
      bytes[offset] = bytes[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(fault(String(decoding: bytes, as: UTF8.self), key) != nil)
    }
  }

  // MARK: The memory of verified tokens

  @Test func verifiedTokensAreKnown() {
    let known = VerifiedTokenCache<Int>()
    func value(_ text: String, now: Int64) -> Int? {
      Array(text.utf8).withUnsafeBytes { known.value(of: $0, now: now) }
    }
    func store(_ value: Int, _ text: String, _ end: Int64) {
      Array(text.utf8).withUnsafeBytes { known.store(value, for: $0, expireTime: end) }
    }
    let texts = (0..<5000).map { "token.\($0 &* 0x9e37_79b9).signature-\($0 &* 0x85eb_ca6b)" }
    #expect(value(texts[0], now: 0) == nil)
    for (index, text) in texts.enumerated() {
      store(index, text, 10)
      #expect(value(text, now: 9) == index && value(text, now: 10) == nil)
    }
    let kept = texts.enumerated().filter { value($1, now: 0) != nil }
    #expect(kept.count <= 1024 && kept.count > 500 && kept.allSatisfy { value($1, now: 0) == $0 })
    // The same end, another beginning.
    #expect(value("X" + texts[4999].dropFirst(), now: 0) == nil)
    for text in ["", "short", String(repeating: "a", count: 2049)] {
      store(1, text, 10)
      #expect(value(text, now: 0) == nil)
    }
    known.removeAll()
    #expect(texts.allSatisfy { value($0, now: 0) == nil })
  }
}
