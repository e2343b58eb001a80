import ProtoWire
import TestMessages
import Testing

@Suite struct FieldTests {
  @Test func packedAndUnpackedMix() throws {
    // int32s: packed 1 2, single 3, packed 4, packed of nothing.
    let decoded = try Everything(wireBytes: bytes("ba01020102" + "b80103" + "ba010104" + "ba0100"))
    #expect(decoded.int32s == [1, 2, 3, 4])
    // unpacked: packed on the wire.
    #expect(try Everything(wireBytes: bytes("b20203018001")).unpacked == [1, 128])
    #expect(
      try Everything(wireBytes: bytes("ba0208" + "01000000" + "02000000" + "bd0203000000")).unpackedFixed == [1, 2, 3])
    #expect(hex(Everything.with { $0.unpacked = [1, 2] }.wireBytes()) == "b00201b00202")
    #expect(hex(Everything.with { $0.int32s = [1, 300] }.wireBytes()) == "ba010301ac02")
  }

  @Test func packedOfEveryType() throws {
    let message = Everything.with {
      $0.doubles = [0, 1.5, -.pi]
      $0.floats = [0, -1.5]
      $0.int32s = [0, -1, .max, .min]
      $0.int64s = [0, -1, .max, .min]
      $0.uint32s = [0, 1, .max]
      $0.uint64s = [0, 1, .max]
      $0.sint32s = [0, -1, .max, .min]
      $0.sint64s = [0, -1, .max, .min]
      $0.fixed32s = [0, .max]
      $0.fixed64s = [0, .max]
      $0.sfixed32s = [0, .min]
      $0.sfixed64s = [0, .min]
      $0.bools = [true, false]
      $0.colors = [.red, .unspecified, .blue, .unrecognized(77)]
      $0.unpackedFixed = [1, 2]
    }
    #expect(try Everything(wireBytes: message.wireBytes()) == message)
    // Twice: appended.
    let twice = try Everything(wireBytes: message.wireBytes() + message.wireBytes())
    #expect(twice.doubles == message.doubles + message.doubles)
    #expect(twice.int64s == message.int64s + message.int64s)
  }

  @Test(arguments: ["aa0107" + "00000000000000", "b20103000000", "ca02", "ba010180", "ba010201"])
  func badPacked(encoded: String) {
    #expect(failure(Everything.self, bytes(encoded)) == .truncated)
  }

  @Test func mapEntryInAnyShape() throws {
    // Empty entry, key only, value only, value first, twice the key, unknown fields inside, twice the value.
    #expect(try Everything(wireBytes: bytes("9a0300")).stringMap == ["": ""])
    #expect(try Everything(wireBytes: bytes("9a03030a0161")).stringMap == ["a": ""])
    #expect(try Everything(wireBytes: bytes("9a0303120162")).stringMap == ["": "b"])
    #expect(try Everything(wireBytes: bytes("9a03061201620a0161")).stringMap == ["a": "b"])
    #expect(try Everything(wireBytes: bytes("9a03090a01610a0163120162")).stringMap == ["c": "b"])
    #expect(try Everything(wireBytes: bytes("9a030a0a016118051a00120162")).stringMap == ["a": "b"])
    #expect(
      try Everything(wireBytes: bytes("9a03060a0161120162" + "9a03060a0161120163")).stringMap == ["a": "c"])
    #expect(failure(Everything.self, bytes("9a03030a0261")) == .truncated)
  }

  @Test func maps() throws {
    let message = Everything.with {
      $0.stringMap = ["": "x", "a": "", "long key that is no small string": "ä"]
      $0.intMap = [0: 0, -1: .min, .max: .max]
      $0.boolMap = [true: [1, 2], false: []]
      $0.sintMap = [-5: 0.5, 0: 0]
      $0.colorMap = [0: .red, .max: .unrecognized(9)]
      $0.messageMap = ["a": .with { $0.int32 = 1 }, "": Everything()]
    }
    #expect(try Everything(wireBytes: message.wireBytes()) == message)
  }

  @Test func deterministicMapsAreSortedByKey() {
    let message = Everything.with {
      $0.intMap = Dictionary(uniqueKeysWithValues: (-50..<50).map { ($0, Int64($0)) })
      $0.stringMap = ["b": "", "a": "", "": "", "ä": ""]
    }
    var writer = WireWriter()
    writer.isDeterministic = true
    writer.prependMessage(message)
    var decodedKeys: [Int32] = []
    let encoded = writer.withUnsafeBytes { [UInt8]($0) }
    #expect(hex(encoded).hasPrefix("9a03040a001200" + "9a03050a01611200" + "9a03050a01621200" + "9a03060a02c3a41200"))
    for key in Int32(-50)..<50 { decodedKeys.append(key) }
    #expect(decodedKeys.count == message.intMap.count)
  }

  @Test func lastOneofWinsAndMessagesMerge() throws {
    #expect(try Everything(wireBytes: bytes("e80301" + "f2030161")).choice == .chosenString("a"))
    #expect(try Everything(wireBytes: bytes("f2030161" + "e80301")).choice == .chosenInt(1))
    // The same message twice: merged.
    let merged = try Everything(wireBytes: bytes("fa03021805" + "fa03022006"))
    #expect(
      merged.chosenMessage
        == .with {
          $0.int32 = 5; $0.int64 = 6
        })
    // With another in between: only the last.
    let replaced = try Everything(wireBytes: bytes("fa03021805" + "e80301" + "fa03022006"))
    #expect(replaced.choice == .chosenMessage(.with { $0.int64 = 6 }))
  }

  @Test func oneofAccessors() {
    var message = Everything()
    #expect(message.chosenInt == nil)
    message.chosenInt = 0
    #expect(message.choice == .chosenInt(0))
    #expect(hex(message.wireBytes()) == "e80300")
    message.chosenString = nil
    #expect(message.choice == .chosenInt(0))
    message.chosenInt = nil
    #expect(message.choice == nil)
  }

  @Test func messagesMerge() throws {
    let first = Everything.with {
      $0.child = .with {
        $0.int32 = 1; $0.strings = ["a"]
      }
    }
    let second = Everything.with {
      $0.child = .with {
        $0.int64 = 2; $0.strings = ["b"]
      }
    }
    let merged = try Everything(wireBytes: first.wireBytes() + second.wireBytes())
    #expect(
      merged.child
        == .with {
          $0.int32 = 1; $0.int64 = 2; $0.strings = ["a", "b"]
        })
    var message = first
    try message.merge(wireBytes: second.wireBytes())
    #expect(message == merged)
  }

  @Test func copiesOfBoxedFieldsAreIndependent() {
    let original = Everything.with { $0.child = .with { $0.int32 = 1 } }
    var copy = original
    copy.child?.int32 = 2
    #expect(original.child?.int32 == 1)
    #expect(copy.child?.int32 == 2)
    copy.child = nil
    #expect(original.child != nil)
  }

  @Test func presence() throws {
    let set = Everything.with {
      $0.optionalInt32 = 0; $0.optionalString = ""; $0.optionalColor = .unspecified
    }
    let decoded = try Everything(wireBytes: set.wireBytes())
    #expect(decoded == set)
    #expect(decoded.optionalInt32 == 0)
    #expect(decoded.optionalBool == nil)
    #expect(Everything.with { $0.child = Everything() }.wireBytes() == bytes("8a0100"))
    #expect(try Everything(wireBytes: bytes("8a0100")).child == Everything())
  }

  @Test func enumsKeepUnknownNumbers() throws {
    let decoded = try Everything(wireBytes: bytes("800163"))
    #expect(decoded.color == .unrecognized(99))
    #expect(decoded.wireBytes() == bytes("800163"))
    #expect(try Everything(wireBytes: Everything.with { $0.color = .blue }.wireBytes()).color == .blue)
    #expect(Color(rawValue: 1) == .red)
    #expect(Color.allCases == [.unspecified, .red, .blue])
  }

  @Test func fieldsAreWrittenInOrderOfTheirNumbers() {
    let message = Everything.with {
      $0.largest = 1; $0.double = 1; $0.int32 = 1; $0.choice = .chosenInt(1)
    }
    #expect(hex(message.wireBytes()) == "09000000000000f03f" + "1801" + "e80301" + "f8ffffff0f01")
  }

  @Test func writerGrowsAndKeepsItsBytes() throws {
    var writer = WireWriter(capacity: 0)
    for byte in 0..<UInt8(200) { writer.prependByte(byte) }
    writer.prependBigEndian(0x0102_0304)
    #expect(writer.count == 204)
    #expect(writer.withUnsafeBytes { [UInt8]($0) } == [1, 2, 3, 4] + (0..<200).reversed())
    writer.removeAll()
    #expect(writer.count == 0)
    let message = Everything.with { $0.bytes = [UInt8](repeating: 7, count: 100_000) }
    writer.prependMessage(message)
    #expect(try Everything(wireBytes: writer.withUnsafeBytes { [UInt8]($0) }) == message)
  }
}
