import ProtoWire
import TestMessages
import Testing

/// What proto2 has and proto3 has not.
@Suite struct LegacyTests {
  @Test func groups() throws {
    let message = Legacy_Old.with {
      $0.must = 1
      $0.part = .with {
        $0.number = 2;
        $0.inner = .with {
          $0.must = 3; $0.part = Legacy_Old.Part()
        }
      }
      $0.item = [.with { $0.name = "a" }, Legacy_Old.Item()]
      $0.either = .other(.with { $0.flag = true })
    }
    let encoded = message.wireBytes()
    #expect(hex(encoded) == "0801" + "330802120408033334" + "34" + "3b0a01613c" + "3b3c" + "53080154")
    #expect(try Legacy_Old(wireBytes: encoded) == message)
  }

  @Test(arguments: [
    ("33", WireError.Code.unbalancedGroup), ("330801", .unbalancedGroup), ("33083c", .unbalancedGroup),
    ("333c", .unbalancedGroup),
    ("34", .unbalancedGroup), ("33120134", .unbalancedGroup), ("3308", .truncated),
  ])
  func unbalancedGroups(encoded: String, code: WireError.Code) {
    #expect(failure(Legacy_Old.self, bytes(encoded)) == code)
  }

  @Test func depthOfGroups() {
    func nested(_ depth: Int) -> [UInt8] {
      // Each level: group 6, inside it message 2.
      var content: [UInt8] = []
      for _ in 0..<depth { content = [0x33] + delimited(2, content) + [0x34] }
      return content
    }
    #expect(failure(Legacy_Old.self, nested(50)) == nil)
    #expect(failure(Legacy_Old.self, nested(51)) == .depthExceeded)
  }

  @Test func closedEnumsKeepUnknownNumbersAsUnknownFields() throws {
    let decoded = try Legacy_Old(wireBytes: bytes("1805" + "1863" + "2001" + "2007" + "2a03016305" + "4809"))
    #expect(decoded.level == .high)
    #expect(decoded.levels == [.low])
    #expect(decoded.packedLevels == [.low, .high])
    #expect(decoded.either == nil)
    #expect(decoded.unknownFields.wireBytes == bytes("1863" + "2007" + "2863" + "4809"))
    // A map entry is kept whole.
    let entry = bytes("42050a01611009")
    let map = try Legacy_Old(wireBytes: bytes("42050a01621001") + entry)
    #expect(map.stepMap == ["b": .one])
    #expect(map.unknownFields.wireBytes == entry)
  }

  @Test func packedWhereUnpackedIsDeclared() throws {
    let message = Legacy_Old.with {
      $0.numbers = [1, 2]; $0.levels = [.low]; $0.packedLevels = [.low, .high]
    }
    #expect(hex(message.wireBytes()) == "2001" + "2a020105" + "5801" + "5802")
    #expect(try Legacy_Old(wireBytes: bytes("5a020102")).numbers == [1, 2])
    #expect(try Legacy_Old(wireBytes: bytes("22020105")).levels == [.low, .high])
    #expect(try Legacy_Old(wireBytes: bytes("2801")).packedLevels == [.low])
  }

  @Test func extensionsAreUnknownFields() throws {
    let input = bytes("a2060161")
    #expect(try Legacy_Old(wireBytes: input).wireBytes() == input)
  }
}
