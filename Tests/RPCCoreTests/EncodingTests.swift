import RPCCore
import Testing

/// The small encodings of gRPC's header fields, by tables.
@Suite struct EncodingTests {
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

  @Test(arguments: [
    ("", ""), ("plain", "plain"), ("a b~!", "a b~!"), ("100%", "100%25"), ("a\nb\u{7f}", "a%0Ab%7F"),
    ("\t\0", "%09%00"), ("é", "%C3%A9"), ("☺ 𝄞", "%E2%98%BA %F0%9D%84%9E"), ("%41", "%2541"),
  ])
  func percentEncodingRoundTrips(plain: String, encoded: String) {
    #expect(PercentEncoding.encode(plain) == Array(encoded.utf8))
    #expect(PercentEncoding.decode(encoded.utf8) == plain)
  }

  /// A bad encoding must not raise an error, nor hide the rest.
  @Test(arguments: [
    ("%", "%"), ("%4", "%4"), ("a%", "a%"), ("%zz", "%zz"), ("%4z1", "%4z1"), ("%%41", "%A"), ("%e2%98%ba", "☺"),
    ("%C3", "\u{fffd}"), ("x%ffy", "x\u{fffd}y"), ("%41%", "A%"),
  ])
  func percentDecodingTakesAnything(encoded: String, plain: String) {
    #expect(PercentEncoding.decode(encoded.utf8) == plain)
  }

  @Test(arguments: [
    (StatusCode.ok, 0, "OK"), (.cancelled, 1, "CANCELLED"), (.unknown, 2, "UNKNOWN"),
    (.invalidArgument, 3, "INVALID_ARGUMENT"), (.deadlineExceeded, 4, "DEADLINE_EXCEEDED"), (.notFound, 5, "NOT_FOUND"),
    (.alreadyExists, 6, "ALREADY_EXISTS"), (.permissionDenied, 7, "PERMISSION_DENIED"),
    (.resourceExhausted, 8, "RESOURCE_EXHAUSTED"), (.failedPrecondition, 9, "FAILED_PRECONDITION"),
    (.aborted, 10, "ABORTED"), (.outOfRange, 11, "OUT_OF_RANGE"), (.unimplemented, 12, "UNIMPLEMENTED"),
    (.internal, 13, "INTERNAL"), (.unavailable, 14, "UNAVAILABLE"), (.dataLoss, 15, "DATA_LOSS"),
    (.unauthenticated, 16, "UNAUTHENTICATED"),
  ])
  func statusCodesHaveTheirNumbersAndNames(code: StatusCode, number: Int, name: String) {
    #expect(code.rawValue == number)
    #expect(code.description == name)
    #expect(StatusCode(rawValue: number) == code)
  }

  @Test(arguments: [-1, 17, 256, 272, Int.min, Int.max])
  func statusCodesEndAtSixteen(number: Int) {
    #expect(StatusCode(rawValue: number) == nil)
    #expect(StatusCode.allCodes.map(\.rawValue) == Array(0...16))
  }
}
