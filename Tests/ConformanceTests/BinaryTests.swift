import ProtoWire
import Testing

@testable import protowire_conformance

/// Cases of the kinds that the conformance runner has for the binary format. Field numbers are those of
/// TestAllTypesProto3.
@Suite struct BinaryTests {
  enum Expectation: Sendable {
    case same, refused
    case becomes([UInt8])
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let input: [UInt8]
    let expected: Expectation
    var types = ["proto3.TestAllTypesProto3", "editions.proto3.TestAllTypesProto3"]

    var testDescription: String { name }
  }

  private static let proto2 = ["proto2.TestAllTypesProto2", "editions.proto2.TestAllTypesProto2"]
  private static let all = proto2 + ["proto3.TestAllTypesProto3", "editions.proto3.TestAllTypesProto3"]

  private static func length(_ number: UInt32, _ bytes: [UInt8]) -> [UInt8] {
    varint(UInt64(number) << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(truncatingIfNeeded: value) | 0x80] + varint(value >> 7)
  }

  private static func nested(_ depth: Int) -> [UInt8] {
    (0..<depth).reduce([0x08, 1]) { inner, _ in length(27, inner) }
  }

  /// A set in a MessageSetCorrectExtension2 in a set, and so on: two levels each.
  private static func messageSets(_ count: Int) -> [UInt8] {
    let innermost: [UInt8] = [0x48, 1]
    return length(
      500,
      (0..<count).reduce(innermost) { inner, level in
        let item = [0x0b, 0x10] + varint(4_135_312) + length(3, inner) + [0x0c]
        return level == count - 1 ? item : length(10, item)
      })
  }

  private static let cases: [Case] = [
    Case(name: "the end inside a varint", input: [0x08], expected: .refused, types: all),
    Case(name: "the end inside a string", input: [0x72, 2, 0x61], expected: .refused, types: all),
    Case(name: "the end inside a message", input: [0x92, 1, 3, 0x08], expected: .refused, types: all),
    Case(name: "the end inside an unknown field", input: [0xc2, 0xf2, 0x04, 9], expected: .refused, types: all),
    Case(name: "field zero", input: [0x02, 1, 0], expected: .refused, types: all),
    Case(name: "wire type 7", input: [0x0f, 1], expected: .refused, types: all),
    Case(
      name: "a tag of nine bytes",
      input: [0x88] + [UInt8](repeating: 0x80, count: 7) + [0, 1], expected: .refused, types: all),
    Case(
      name: "a tag of six bytes inside a group",
      input: [0x8b, 0x7d, 0x88, 0x80, 0x80, 0x80, 0x80, 0, 1, 0x8c, 0x7d], expected: .refused, types: all),
    Case(
      name: "a tag of five bytes", input: [0x88, 0x80, 0x80, 0x80, 0, 1], expected: .becomes([0x08, 1]), types: all),
    Case(name: "a group that is not closed", input: [0x8b, 0x7d], expected: .refused, types: all),
    Case(name: "an end without a group", input: [0x8c, 0x7d], expected: .refused, types: all),
    Case(
      name: "a varint of eleven bytes",
      input: [0x08] + [UInt8](repeating: 0x80, count: 10) + [1], expected: .refused, types: all),
    Case(
      name: "a negative int32 from ten bytes",
      input: [0x08] + varint(UInt64(bitPattern: -5)), expected: .same, types: all),
    Case(
      name: "an int32 drops the upper half",
      input: [0x08] + varint(1 << 40 | 7), expected: .becomes([0x08, 7]), types: all),
    Case(name: "a bool of many bits", input: [0x68] + varint(1 << 33), expected: .becomes([0x68, 1]), types: all),
    Case(name: "the last of two values", input: [0x08, 1, 0x08, 2], expected: .becomes([0x08, 2]), types: all),
    Case(name: "zero is absent in proto3", input: [0x08, 0], expected: .becomes([])),
    Case(name: "zero is present in proto2", input: [0x08, 0], expected: .same, types: proto2),
    Case(name: "text that is not UTF-8", input: length(14, [0xff]), expected: .refused),
    Case(name: "bytes may be anything", input: length(15, [0xff]), expected: .same, types: all),
    Case(
      name: "messages merge", input: length(18, [0x08, 1]) + length(18, [0x12, 2, 0x08, 3]),
      expected: .becomes(length(18, [0x08, 1, 0x12, 2, 0x08, 3])), types: all),
    Case(
      name: "of a oneof the last", input: varint(111 << 3) + [1] + length(113, [0x61]),
      expected: .becomes(length(113, [0x61])), types: all),
    Case(
      name: "packed, where a record each is written", input: length(89, [1, 2]),
      expected: .becomes(varint(89 << 3) + [1] + varint(89 << 3) + [2]), types: all),
    Case(
      name: "a record each, where packed is written", input: varint(75 << 3) + [1] + varint(75 << 3) + [2],
      expected: .becomes(length(75, [1, 2])), types: all),
    Case(name: "packed values cut short", input: length(81, [1, 2, 3]), expected: .refused, types: all),
    Case(
      name: "a map entry without value",
      input: length(56, [0x08, 1]), expected: .becomes(length(56, [0x08, 1, 0x10, 0])), types: all),
    Case(
      name: "a map entry backwards",
      input: length(56, [0x10, 2, 0x08, 1]), expected: .becomes(length(56, [0x08, 1, 0x10, 2])), types: all),
    Case(name: "an unknown number of an open enum", input: [0xa8, 1, 77], expected: .same),
    Case(
      name: "an unknown number of a closed enum",
      input: [0xa8, 1, 77, 0x08, 1], expected: .becomes([0x08, 1, 0xa8, 1, 77]), types: proto2),
    Case(
      name: "a group",
      input: varint(201 << 3 | 3) + varint(202 << 3) + [7] + varint(201 << 3 | 4), expected: .same, types: proto2),
    Case(name: "a field of another wire type is unknown", input: [0x0d, 1, 2, 3, 4], expected: .same, types: all),
    Case(name: "as deep as allowed", input: nested(100), expected: .same, types: all),
    Case(name: "deeper", input: nested(101), expected: .refused, types: all),
    Case(name: "an extension", input: varint(120 << 3) + [5], expected: .same, types: proto2),
    Case(
      name: "a message set", input: length(500, [0x0b, 0x10, 0xd0, 0xb3, 0xfc, 1, 0x1a, 2, 0x48, 99, 0x0c]),
      expected: .same,
      types: proto2),
    Case(
      name: "an extension that is not UTF-8",
      input: length(133, [0xff]), expected: .refused, types: ["editions.TestAllTypesEdition2023"]),
    Case(name: "an extension that need not be UTF-8", input: length(133, [0xff]), expected: .same, types: proto2),
    Case(name: "message sets as deep as allowed", input: messageSets(48), expected: .same, types: proto2),
    Case(name: "deeper message sets", input: messageSets(51), expected: .refused, types: proto2),
    Case(
      name: "delimited by tags", input: varint(202 << 3 | 3) + varint(202 << 3) + [7] + varint(202 << 3 | 4),
      expected: .same,
      types: ["editions.TestAllTypesEdition2023"]),
  ]

  @Test(arguments: cases) func binary(_ item: Case) throws {
    let testee = try TesteeProcess()
    for type in item.types {
      let result = try testee.answer {
        $0.messageType = "protobuf_test_messages." + type
        $0.protobufPayload = item.input
        $0.requestedOutputFormat = .protobuf
        $0.testCategory = .binaryTest
      }
      switch item.expected {
      case .same: #expect(result == .protobufPayload(item.input), "\(type)")
      case .becomes(let bytes): #expect(result == .protobufPayload(bytes), "\(type)")
      case .refused: guard case .parseError = result else { throw Unexpected(result) }
      }
    }
    #expect(try testee.finish() == ([], 0))
  }
}
