import Testing

@testable import RPCGateway

@Suite struct EntityTagTests {
  @Test func fields() {
    #expect(EntityTags("\"a\"")?.tags == [.init(value: "a", isWeak: false)])
    #expect(
      EntityTags("W/\"a\", \"b,c\"")?.tags == [.init(value: "a", isWeak: true), .init(value: "b,c", isWeak: false)])
    #expect(EntityTags(" * ")?.isAny == true && EntityTags("\"\"")?.tags.first?.value == "")
    for field in ["", "a", "\"a", "W/a", "\"a\" b", ","] { #expect(EntityTags(field) == nil, "\(field)") }
    #expect(EntityTags.field("abc") == "\"abc\"" && EntityTags.field("a\"b") == nil && EntityTags.field("") == nil)
  }

  @Test func encodings() {
    for field in ["gzip", "br, gzip;q=0.5", "*", "deflate, GZIP", "x-gzip", "*;q=0, gzip"] {
      #expect(AcceptedEncoding.takesGzip(field), "\(field)")
    }
    for field in ["", "br", "gzip;q=0", "gzip; q=0.0", "*;q=0", "identity", "*, gzip;q=0"] {
      #expect(!AcceptedEncoding.takesGzip(field), "\(field)")
    }
  }
}
