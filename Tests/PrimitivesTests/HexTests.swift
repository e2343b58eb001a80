import Primitives
import Testing

@Suite struct HexTests {
  @Test func digits() {
    #expect(Hex.digits(UInt8(0)) == "00" && Hex.digits(UInt8(0xa)) == "0a")
    #expect(Hex.digits(UInt64.max) == "ffffffffffffffff" && Hex.digits(UInt64(1)) == "0000000000000001")
  }

  @Test func values() {
    let expected: [UInt8: UInt8] = Dictionary(
      uniqueKeysWithValues: zip("0123456789abcdefABCDEF".utf8, Array(0...15) + Array(10...15)))
    for digit in UInt8.min...UInt8.max { #expect(Hex.value(of: digit) == expected[digit]) }
  }
}
