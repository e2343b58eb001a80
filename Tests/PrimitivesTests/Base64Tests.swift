import Primitives
import Testing

@Suite struct Base64Tests {
  private func decode(_ text: String) -> [UInt8]? { Array(text.utf8).withUnsafeBytes { Base64.decode($0) } }

  /// RFC 4648, section 10, without the padding that gRPC leaves out.
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"),
  ])
  func base64IsSentUnpaddedAndTakenEitherWay(plain: String, encoded: String) {
    let bytes = Array(plain.utf8)
    #expect(Base64.encode(bytes) == Array(encoded.utf8))
    #expect(decode(encoded) == bytes)
    let padded = encoded + String(repeating: "=", count: (4 - encoded.count % 4) % 4)
    #expect(decode(padded) == bytes)
    #expect(decode("  \(padded) ") == bytes)
  }

  @Test func base64KeepsEveryByte() {
    let bytes = (0...255).map { UInt8($0) }
    for length in 0...256 {
      let piece = Array(bytes.prefix(length))
      #expect(Base64.encode(piece).withUnsafeBytes { Base64.decode($0) } == piece)
    }
  }

  @Test(arguments: [
    "Z", "Zm9vY", "Zg=", "Zm8==", "Z===", "=", "====", "Zm 9v", "Zm9v\n", "Zm-_", "Zm9*", "Z=g=", "Zg==Zg==", "é",
  ])
  func base64RefusesWhatIsNone(text: String) { #expect(decode(text) == nil) }
}
