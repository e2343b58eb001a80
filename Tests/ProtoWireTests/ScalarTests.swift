import ProtoWire
import TestMessages
import Testing

@Suite struct ScalarTests {
  private static let varints: [(value: UInt64, encoded: String)] = [
    (0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001"), (0x1f_ffff, "ffff7f"),
    (0x20_0000, "80808001"), (0x1000_0000, "8080808001"), (0x8_0000_0000, "808080808001"),
    (0x400_0000_0000, "80808080808001"), (0x2_0000_0000_0000, "8080808080808001"),
    (0x100_0000_0000_0000, "808080808080808001"), (0x7fff_ffff_ffff_ffff, "ffffffffffffffff7f"),
    (0x8000_0000_0000_0000, "80808080808080808001"), (.max, "ffffffffffffffffff01"),
  ]

  @Test(arguments: varints)
  func varintOfEveryLength(value: UInt64, encoded: String) throws {
    let message = Everything.with { $0.uint64 = value }
    #expect(hex(message.wireBytes()) == (value == 0 ? "" : "30" + encoded))
    #expect(try Everything(wireBytes: bytes("30" + encoded)) == message)
  }

  @Test(arguments: [
    ("3080", WireError.Code.truncated), ("30", .truncated), ("30ffffffffffffffffff", .truncated),
    ("30ffffffffffffffffff02", .malformedVarint), ("308080808080808080808000", .malformedVarint),
    ("30ffffffffffffffffffff01", .malformedVarint),
  ])
  func badVarint(encoded: String, code: WireError.Code) {
    #expect(failure(Everything.self, bytes(encoded)) == code)
  }

  @Test func paddedVarintsAreAccepted() throws {
    #expect(try Everything(wireBytes: bytes("3081808080808080808000")).uint64 == 1)
    // A padded tag.
    #expect(try Everything(wireBytes: bytes("b0800005")).uint64 == 5)
  }

  @Test(arguments: [
    (Int32(0), "00"), (-1, "01"), (1, "02"), (-2, "03"), (.max, "feffffff0f"), (.min, "ffffffff0f"),
  ])
  func zigzag(value: Int32, encoded: String) throws {
    let message = Everything.with {
      $0.optionalInt32 = 0; $0.sint32s = [value]
    }
    #expect(hex(message.wireBytes()).contains("da01" + hexLength(encoded) + encoded))
    #expect(try Everything(wireBytes: bytes("38" + encoded)).sint32 == value)
    #expect(try Everything(wireBytes: message.wireBytes()) == message)
  }

  private func hexLength(_ encoded: String) -> String {
    hex([UInt8(encoded.count / 2)])
  }

  @Test(arguments: [Int64(0), -1, 1, .max, .min, 1 << 32, -(1 << 32)])
  func zigzag64(value: Int64) throws {
    let message = Everything.with { $0.sint64 = value }
    #expect(try Everything(wireBytes: message.wireBytes()).sint64 == value)
  }

  @Test func negativeInt32TakesTenBytesAndLongValuesAreCut() throws {
    #expect(hex(Everything.with { $0.int32 = -1 }.wireBytes()) == "18ffffffffffffffffff01")
    #expect(try Everything(wireBytes: bytes("18ffffffffffffffffff01")).int32 == -1)
    #expect(try Everything(wireBytes: bytes("18ffffffff0f")).int32 == -1)
    #expect(try Everything(wireBytes: bytes("1880808080f001")).int32 == 0)
    #expect(try Everything(wireBytes: bytes("28ffffffffffffffffff01")).uint32 == .max)
    #expect(try Everything(wireBytes: bytes("68808001")).bool)
    #expect(try Everything(wireBytes: bytes("6880808080808001")).bool)
  }

  @Test func fixedWidth() throws {
    let message = Everything.with {
      $0.double = 1.5
      $0.float = -2.25
      $0.fixed32 = 0x0102_0304
      $0.fixed64 = 0x0102_0304_0506_0708
      $0.sfixed32 = -2
      $0.sfixed64 = -3
    }
    #expect(
      hex(message.wireBytes())
        == "09000000000000f83f" + "15000010c0" + "4d04030201" + "510807060504030201" + "5dfeffffff"
        + "61fdffffffffffffff")
    #expect(try Everything(wireBytes: message.wireBytes()) == message)
  }

  @Test func negativeZeroIsNotTheDefault() throws {
    let message = Everything.with {
      $0.double = -0.0; $0.float = -0.0
    }
    #expect(hex(message.wireBytes()) == "090000000000000080" + "1500000080")
    #expect(try Everything(wireBytes: message.wireBytes()).double.sign == .minus)
    #expect(Everything.with { $0.double = 0 }.wireBytes() == [])
  }

  @Test func notANumberAndInfinities() throws {
    let message = Everything.with {
      $0.double = .nan; $0.doubles = [.infinity, -.infinity]
    }
    let decoded = try Everything(wireBytes: message.wireBytes())
    #expect(decoded.double.isNaN)
    #expect(decoded.doubles == [.infinity, -.infinity])
  }

  @Test(arguments: [
    "", "a", "ä", "日本語", "🦔", "a\u{0}b", String(repeating: "x", count: 15), String(repeating: "y", count: 16),
    String(repeating: "é", count: 5000),
  ])
  func strings(text: String) throws {
    let message = Everything.with {
      $0.string = text; $0.strings = [text, text]; $0.optionalString = text
    }
    let decoded = try Everything(wireBytes: message.wireBytes())
    #expect(decoded == message)
    #expect(Array(decoded.string.utf8) == Array(text.utf8))
  }

  /// Short strings are copied in ways of their own, unless there is no room; all must write the same.
  @Test(arguments: 0...80)
  func stringsOfEveryLengthInEveryRoom(count: Int) {
    let text = String(decoding: (0..<count).map { UInt8(ascii: "!") + UInt8($0) }, as: UTF8.self)
    for (tag, tagBytes) in [(0x0a, [0x0a]), (0x82, [0x82, 1]), (0x4002, [0x82, 0x80, 1])] as [(UInt32, [UInt8])] {
      let field = tagBytes + [UInt8(count)] + text.utf8
      for used in 0..<128 {
        var writer = WireWriter(capacity: 128)
        for _ in 0..<used { writer.prependByte(0xff) }
        writer.prepend(text, as: WireString.self, tag: tag)
        writer.prepend(repeated: [text, "a", text], as: WireUncheckedString.self, tag: tag)
        let expected =
          field + tagBytes + [1, UInt8(ascii: "a")] + field + field + [UInt8](repeating: 0xff, count: used)
        #expect(writer.withUnsafeBytes { [UInt8]($0) } == expected)
      }
    }
  }

  @Test(arguments: [
    "80", "c3", "c328", "c080", "c1bf", "e28228", "eda080", "edbfbf", "f08080af", "f4908080", "f5808080", "ff", "61ff",
    "6161616161616161616161616161616161616161ff", "f09f98",
  ])
  func badUTF8(encoded: String) {
    let text = bytes(encoded)
    #expect(failure(Everything.self, delimited(14, text)) == .invalidUTF8)
    #expect(failure(Everything.self, delimited(34, text)) == .invalidUTF8)
    #expect(failure(Everything.self, delimited(62, text)) == .invalidUTF8)
    #expect(failure(Everything.self, delimited(51, delimited(1, text))) == .invalidUTF8)
    #expect(failure(Everything.self, delimited(51, delimited(2, text))) == .invalidUTF8)
    #expect(failure(Everything.self, delimited(15, text)) == nil)
  }

  @Test func largeFieldNumbers() throws {
    let message = Everything.with {
      $0.large = 1; $0.larger = 2; $0.largest = 3
    }
    #expect(hex(message.wireBytes()) == "f87f01" + "80800102" + "f8ffffff0f03")
    #expect(try Everything(wireBytes: message.wireBytes()) == message)
  }
}
