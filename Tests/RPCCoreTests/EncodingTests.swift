import RPCCore
import Testing

/// The small encodings of gRPC's header fields, by tables.
@Suite struct EncodingTests {
  @Test(arguments: [
    ("", ""), ("plain", "plain"), ("a b~!", "a b~!"), ("100%", "100%25"), ("a\nb\u{7f}", "a%0Ab%7F"),
    ("\t\0", "%09%00"), ("é", "%C3%A9"), ("☺ 𝄞", "%E2%98%BA %F0%9D%84%9E"), ("%41", "%2541"),
    (" ", "%20"), ("  ", "%20%20"), (" a  b ", "%20a  b%20"),
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
