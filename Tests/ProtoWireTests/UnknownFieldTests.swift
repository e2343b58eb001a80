import ProtoWire
import TestMessages
import Testing

@Suite struct UnknownFieldTests {
  @Test(arguments: ["0801", "0d01020304", "110102030405060708", "1a03616263", "1b08011c", "88808000818000", "1b1b1c1c"])
  func keptByteForByte(field: String) throws {
    let field = bytes(field)
    let decoded = try Nothing(wireBytes: field)
    #expect(decoded.unknownFields.wireBytes == field)
    #expect(decoded.wireBytes() == field)
    #expect(!decoded.unknownFields.isEmpty)
    // Behind the known fields, in their order.
    let mixed = try Everything(wireBytes: bytes("c2bb0200") + bytes("1805") + bytes("cabb0200"))
    #expect(mixed.wireBytes() == bytes("1805c2bb0200cabb0200"))
    let dropped = try Nothing(wireBytes: field, options: .init(discardsUnknownFields: true))
    #expect(dropped == Nothing())
    #expect(dropped.unknownFields.isEmpty)
  }

  @Test func aFieldOfAnotherWireTypeIsUnknown() throws {
    // int32 = 3 as fixed32, string = 14 as varint.
    let input = bytes("1d01000000" + "7001")
    let decoded = try Everything(wireBytes: input)
    #expect(decoded.int32 == 0)
    #expect(decoded.wireBytes() == input)
  }

  @Test func oneWordWhenEmpty() {
    #expect(MemoryLayout<UnknownFields>.size == MemoryLayout<UInt>.size)
    #expect(MemoryLayout<Nothing>.size == MemoryLayout<UInt>.size)
    #expect(UnknownFields(wireBytes: []) == UnknownFields())
  }

  @Test func inNestedMessages() throws {
    let input = delimited(17, bytes("1805") + bytes("c2bb020161"))
    let decoded = try Everything(wireBytes: input)
    #expect(decoded.child?.unknownFields.wireBytes == bytes("c2bb020161"))
    #expect(decoded.wireBytes() == input)
  }

  @Test(arguments: [
    ("0b", WireError.Code.unbalancedGroup), ("0b0801", .unbalancedGroup), ("0c", .unbalancedGroup),
    ("0b14", .unbalancedGroup),
    ("0b1314", .unbalancedGroup), ("00", .invalidTag), ("0001", .invalidTag), ("01", .invalidTag), ("02", .invalidTag),
    ("0e", .invalidWireType), ("0f", .invalidWireType), ("0b0e0c", .invalidWireType), ("0b000c", .invalidTag),
    ("8000", .invalidTag), ("8080808010", .invalidTag), ("ffffffffff01", .invalidTag),
    ("80808080808080808002", .malformedVarint),
    ("8080", .truncated), ("08", .truncated), ("0d010203", .truncated), ("1101020304050607", .truncated),
    ("0a02ff", .truncated),
    ("0affffffffffffffffff01", .truncated), ("0affffffffffffffff7f", .truncated), ("0affffffff07", .truncated),
  ])
  func malformed(encoded: String, code: WireError.Code) {
    #expect(failure(Nothing.self, bytes(encoded)) == code)
    // And inside a message that is known.
    #expect(failure(Everything.self, delimited(17, bytes(encoded))) != nil)
  }
}
