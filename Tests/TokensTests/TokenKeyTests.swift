import Testing

@testable import Tokens

/// Keys, and what they sign.
@Suite struct TokenKeyTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func signature(_ key: TokenKey, _ text: [UInt8]) throws -> [UInt8] {
    try #require(text.withUnsafeBytes { key.sign($0) })
  }

  private func verifies(_ key: TokenKey, _ signature: [UInt8], _ text: [UInt8]) -> Bool {
    text.withUnsafeBytes { key.verifies(signature, of: $0) }
  }

  @Test(arguments: SignatureAlgorithm.allCases) func signs(algorithm: SignatureAlgorithm) throws {
    let key = try makeKey("one", algorithm), other = try makeKey("two", algorithm)
    for text in [[], bytes("a"), [UInt8](repeating: 7, count: 5000)] {
      let signature = try signature(key, text)
      #expect(signature.count == algorithm.signatureSize && verifies(key, signature, text))
      #expect(!verifies(other, signature, text) && !verifies(key, signature, text + [0]))
      #expect(!verifies(key, [], text) && !verifies(key, signature + [0], text))
      #expect(!verifies(key, [UInt8](repeating: 0, count: signature.count), text))
      for index in [0, signature.count / 2, signature.count - 1] {
        var forged = signature
        forged[index] ^= 1
        #expect(!verifies(key, forged, text))
      }
    }
  }

  @Test(arguments: SignatureAlgorithm.allCases) func jwkRoundTrip(algorithm: SignatureAlgorithm) throws {
    let key = try makeKey("a.B-3_c", algorithm, notBefore: 17)
    let read = try TokenKey.parse(jwk: bytes(key.secretJWK()))
    #expect(read.id == key.id && read.algorithm == algorithm && read.notBefore == 17 && read.createTime == 5)
    #expect(read.canSign && read.secretJWK() == key.secretJWK())
    let text = bytes("text")
    #expect(verifies(read, try signature(key, text), text))
    #expect(verifies(key, try signature(read, text), text))
  }

  /// Who has the public half verifies, and can't sign.
  @Test(arguments: [SignatureAlgorithm.es256, .eddsa]) func publicHalves(algorithm: SignatureAlgorithm) throws {
    let key = try makeKey("key", algorithm)
    let jwk = try #require(key.publicJWK())
    let half = try TokenKey.parse(jwk: bytes(jwk))
    #expect(!half.canSign && !jwk.contains(#""d""#))
    let text = bytes("text")
    #expect(verifies(half, try signature(key, text), text))
    let signed = text.withUnsafeBytes { half.sign($0) }
    #expect(signed == nil)
  }

  @Test func secretsHaveNoPublicHalf() throws {
    let keys = KeySet([try makeKey("secret", .hs256), try makeKey("pair", .eddsa)])
    #expect(try makeKey("secret", .hs256).publicJWK() == nil)
    let published = keys.publicJWKs()
    #expect(published.contains("pair") && !published.contains("secret") && !published.contains(#""k""#))
    #expect(KeySet().publicJWKs() == #"{"keys":[]}"#)
  }

  /// RFC 7515, appendix A.3, and RFC 8037, appendix A: signatures that others made.
  @Test func knownSignatures() throws {
    let curve = try TokenKey.parse(
      jwk: bytes(
        #"""
        {"kty":"EC","kid":"a","alg":"ES256","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}
        """#))
    let token =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      + "cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    let signed = try #require(bytes(token).withUnsafeBytes { CompactJWS($0) })
    #expect(verifies(curve, signed.signature, Array(bytes(token).prefix(signed.signedCount))))
    let edwards = try TokenKey.parse(
      jwk: bytes(
        #"""
        {"kty":"OKP","kid":"b","alg":"EdDSA","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
        """#))
    let text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    let expected = try #require(
      bytes("\(text).hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
        .withUnsafeBytes { CompactJWS($0) })
    #expect(try signature(edwards, bytes(text)) == expected.signature)
  }

  @Test(arguments: [
    ("", KeyFault.notJSON), ("[]", .notJSON), ("{", .notJSON),
    (#"{"alg":"HS256","kty":"oct"}"#, .member("kid")), (#"{"kid":"","alg":"HS256","kty":"oct"}"#, .member("kid")),
    (#"{"kid":"../a","alg":"HS256","kty":"oct"}"#, .member("kid")), (#"{"kid":"a","kty":"oct"}"#, .member("alg")),
    (#"{"kid":"a","alg":"none","kty":"oct"}"#, .member("alg")),
    (#"{"kid":"a","alg":"HS512","kty":"oct"}"#, .member("alg")),
    (#"{"kid":"a","alg":"HS256","kty":"EC"}"#, .member("kty")),
    (#"{"kid":"a","alg":"HS256","kty":"oct","use":"enc"}"#, .member("use")),
    (#"{"kid":"a","alg":"HS256","kty":"oct"}"#, .member("k")),
    (#"{"kid":"a","alg":"HS256","kty":"oct","k":"a="}"#, .member("k")),
    // 31 bytes.
    (#"{"kid":"a","alg":"HS256","kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#, .notAKey),
    (#"{"kid":"a","alg":"ES256","kty":"EC","crv":"P-384"}"#, .member("crv")),
    (#"{"kid":"a","alg":"EdDSA","kty":"OKP","crv":"Ed25519","x":"AAAA"}"#, .member("x")),
    // No point of the curve.
    (
      #"{"kid":"a","alg":"ES256","kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#,
      .notAKey
    ),
    // The halves of two keys.
    (
      #"{"kid":"b","alg":"EdDSA","kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2E","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
      .notAKey
    ),
  ])
  func damagedKeys(text: String, fault: KeyFault) {
    #expect(throws: fault) { try TokenKey.parse(jwk: Array(text.utf8)) }
    #expect(!"\(fault)".isEmpty)
  }

  // MARK: Sets

  @Test func theNewestKeySigns() throws {
    let keys = KeySet([
      try makeKey("b", .hs256, notBefore: 100), try makeKey("a", .hs256, notBefore: 200),
      try makeKey("c", .hs256, notBefore: 300),
    ])
    #expect(keys.signer(now: 99) == nil)
    #expect(keys.signer(now: 100)?.id == "b" && keys.signer(now: 299)?.id == "a" && keys.signer(now: 300)?.id == "c")
    #expect(keys.keys.map(\.id) == ["b", "a", "c"] && keys["a"]?.id == "a" && keys["d"] == nil)
    #expect(keys.hasSameKeys(as: KeySet(keys.keys.reversed())) && !keys.hasSameKeys(as: KeySet()))
    let replaced = KeySet(keys.keys.dropLast() + [try makeKey("c", .hs256, notBefore: 300)])
    #expect(!keys.hasSameKeys(as: replaced))
    // Who has no secret signs nothing.
    let half = try TokenKey.parse(jwk: Array(#require(makeKey("z", .eddsa, notBefore: 400).publicJWK()).utf8))
    #expect(KeySet(keys.keys + [half]).signer(now: 500)?.id == "c")
  }
}

/// A new key, made at 5.
func makeKey(_ id: String, _ algorithm: SignatureAlgorithm, notBefore: Int64 = 0) throws -> TokenKey {
  try #require(TokenKey.generate(id: id, algorithm: algorithm, createTime: 5, notBefore: notBefore))
}
