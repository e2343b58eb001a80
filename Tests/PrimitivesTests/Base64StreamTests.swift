import Primitives
import Testing

@Suite struct Base64StreamTests {
  private func decode(_ pieces: [String]) -> [UInt8]? {
    var stream = Base64.Stream()
    var bytes: [UInt8] = []
    for piece in pieces {
      guard let more = Array(piece.utf8).withUnsafeBytes({ stream.decode($0) }) else { return nil }
      bytes += more
    }
    return bytes
  }

  @Test func piecesMayBeCutAnywhere() {
    let bytes = (0..<64).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for count in 0...bytes.count {
      let plain = Array(bytes[..<count])
      let text = String(decoding: Base64.encodePadded(plain), as: UTF8.self)
      #expect(text.utf8.count % 4 == 0)
      #expect(decode([text]) == plain)
      #expect(decode(text.map(String.init)) == plain)
      for cut in 0...text.count { #expect(decode([String(text.prefix(cut)), String(text.dropFirst(cut))]) == plain) }
    }
  }

  @Test func paddingMayStandInside() {
    #expect(decode(["AQ==AgM=", "BA", "=", "=BQYH"]) == [1, 2, 3, 4, 5, 6, 7])
  }

  @Test(arguments: ["=", "A=", "A===", "AQ=A", "AQ==*", "A-__", "AQ I=", "\u{e9}AAA", "====", "AQI=="])
  func whatIsNoBase64IsRefused(text: String) {
    #expect(decode([text]) == nil || decode([text, "===="]) == nil)
    #expect(decode(text.map(String.init) + ["===="]) == nil)
    #expect(decode([text, "====", "AQID"]) == nil)
  }
}
