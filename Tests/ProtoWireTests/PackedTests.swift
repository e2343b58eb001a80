import ProtoWire
import TestMessages
import TestSupport
import Testing

/// Long runs of packed varints, which are read 64 bytes at a time. Short ones are in FieldTests.
@Suite struct PackedTests {
  /// A varint, byte by byte as the format's description says, in `size` bytes or as many more as it needs.
  private func varint(_ value: UInt64, size: Int = 1) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 || bytes.count + 1 < size {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// Any number of significant bits is as likely as any other.
  private func anyNumber(_ random: inout SeededGenerator) -> UInt64 {
    UInt64.random(in: .min ... .max, using: &random) >> Int.random(in: 0...64, using: &random)
  }

  @Test func runsOfEveryLength() throws {
    var random = SeededGenerator(seed: 11)
    for count in 1...200 {
      let numbers = (0..<count).map { _ in anyNumber(&random) }
      let content = delimited(26, numbers.flatMap { varint($0) })
      #expect(Everything.with { $0.uint64s = numbers }.wireBytes() == content)
      #expect(try Everything(wireBytes: content).uint64s == numbers)
      // Behind others of the same field.
      #expect(try Everything(wireBytes: delimited(26, [7]) + content).uint64s == [7] + numbers)
    }
  }

  @Test(arguments: 1...10)
  func runsOfOneSize(size: Int) throws {
    let highest = size == 10 ? UInt64.max : (1 << UInt64(7 * size)) - 1
    let lowest = size == 1 ? UInt64(0) : 1 << UInt64(7 * (size - 1))
    let numbers = (0..<150).map { $0 % 2 == 0 ? lowest : highest }
    let content = delimited(26, numbers.flatMap { varint($0) })
    #expect(Everything.with { $0.uint64s = numbers }.wireBytes() == content)
    #expect(try Everything(wireBytes: content).uint64s == numbers)
    // The same size with needless zeros.
    let padded = (0..<150).map { UInt64($0 % 0x80) }
    #expect(try Everything(wireBytes: delimited(26, padded.flatMap { varint($0, size: size) })).uint64s == padded)
  }

  @Test func runsOfEveryType() throws {
    var random = SeededGenerator(seed: 12)
    let numbers = (0..<500).map { _ in anyNumber(&random) }
    let message = Everything.with {
      $0.int32s = numbers.map { Int32(truncatingIfNeeded: $0) }
      $0.int64s = numbers.map { Int64(bitPattern: $0) }
      $0.uint32s = numbers.map { UInt32(truncatingIfNeeded: $0) }
      $0.uint64s = numbers
      $0.sint32s = numbers.map { Int32(truncatingIfNeeded: $0) }
      $0.sint64s = numbers.map { Int64(bitPattern: $0) }
      $0.bools = numbers.map { $0 % 2 == 0 }
      $0.colors = numbers.map { Color(rawValue: Int32(truncatingIfNeeded: $0)) }
    }
    #expect(try Everything(wireBytes: message.wireBytes()) == message)
    // Bits that the type has no room for are cut off.
    let cut = try Everything(wireBytes: delimited(23, numbers.flatMap { varint($0) }))
    #expect(cut.int32s == message.int32s)
  }

  /// A bad varint is refused wherever it is in a block, and whatever is behind it.
  @Test(arguments: [
    ("ffffffffffffffffff02", WireError.Code.malformedVarint), ("8080808080808080808000", .malformedVarint),
    ("ffffffffffffffffffffffffffffffffffff01", .malformedVarint), ("80", .truncated),
    ("ffffffffffffffffff", .truncated),
  ])
  func badVarintInARun(encoded: String, code: WireError.Code) {
    for before in 0..<150 {
      let run = [UInt8](repeating: 1, count: before) + bytes(encoded)
      #expect(failure(Everything.self, delimited(26, run)) == code)
      guard code == .malformedVarint else { continue }
      #expect(failure(Everything.self, delimited(26, run + [UInt8](repeating: 1, count: 100))) == code)
    }
    #expect(failure(Everything.self, delimited(26, [UInt8](repeating: 0x80, count: 200) + [0])) == .malformedVarint)
  }
}
