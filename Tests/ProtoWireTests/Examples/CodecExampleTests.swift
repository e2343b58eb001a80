import ProtoWire
import Testing

/// A field of any scalar type: what WireCodec and its kin require, called directly.
private struct Boxed<C: WireScalar>: WireMessage {
  var value = C.defaultValue
  var unknownFields = UnknownFields()
  static var messageName: String { "example.Boxed" }

  mutating func decodeFields(from reader: inout WireReader) throws(WireError) {
    while true {
      switch try reader.nextTag() {
      case 0: return
      case WireTag.make(1, C.wireType): try C.read(from: &reader, into: &value)
      case WireTag.make(2, C.wireType): value = try C.read(from: &reader)
      case let tag: if try reader.readUnknown(tag, into: &unknownFields) { return }
      }
    }
  }

  func encodeFields(into writer: inout WireWriter) {
    writer.prepend(unknownFields)
    if !C.isDefault(value) { C.prepend(value, tag: WireTag.make(1, C.wireType), to: &writer) }
  }
}

/// The examples of the requirements of ProtoWire's protocols, run.
@Suite struct CodecExampleTests {
  private func written(_ body: (inout WireWriter) -> Void) -> [UInt8] {
    var writer = WireWriter()
    body(&writer)
    return writer.withUnsafeBytes { Array($0) }
  }

  private func comesBack<C: WireScalar>(_ value: C.Value, as _: C.Type, encoded: [UInt8]) throws {
    let boxed = Boxed<C>.with { $0.value = value }
    #expect(boxed.wireBytes() == encoded)
    #expect(try Boxed<C>(wireBytes: encoded) == boxed)
    let second = written { C.prepend(value, tag: WireTag.make(2, C.wireType), to: &$0) }
    #expect(try Boxed<C>(wireBytes: second).value == value)
  }

  @Test func readAndPrepend() throws {
    try comesBack("ab", as: WireString.self, encoded: [0x0a, 0x02, 0x61, 0x62])
    try comesBack(-1, as: WireSInt32.self, encoded: [0x08, 0x01])
    try comesBack(-1, as: WireSFixed32.self, encoded: [0x0d, 0xff, 0xff, 0xff, 0xff])
    try comesBack(-0.0, as: WireDouble.self, encoded: [0x09, 0, 0, 0, 0, 0, 0, 0, 0x80])
    try comesBack(0, as: WireInt32.self, encoded: [])
    #expect(written { WireString.prepend("ab", to: &$0) } == [0x02, 0x61, 0x62])
    #expect(written { WireString.prepend("ab", tag: 0x0a, to: &$0) } == [0x0a, 0x02, 0x61, 0x62])
    #expect(written { WireInt32.prepend(repeated: [1, 2], tag: 0x08, to: &$0) } == [0x08, 0x01, 0x08, 0x02])
  }

  @Test func wireTypeAndTag() {
    #expect(WireTag.make(1, WireString.wireType) == 0x0a)
    #expect(WireTag.make(WireTag.maximumFieldNumber, .varint) == 0xffff_fff8)
    let types: [WireType] = [.varint, .fixed64, .delimited, .startGroup, .endGroup, .fixed32]
    #expect(types.map(\.rawValue) == [0, 1, 2, 3, 4, 5])
  }

  @Test func isDefault() {
    #expect(WireInt32.isDefault(0))
    #expect(!WireDouble.isDefault(-0.0))
  }

  @Test func precedes() {
    let map = ["b": 1, "a": 2, "ä": 3]
    #expect(map.sorted { WireString.precedes($0.key, $1.key) }.map(\.key) == ["a", "b", "ä"])
  }

  @Test func valueOfAndBack() {
    #expect(WireInt32.value(of: 0x1_0000_0005) == 5)
    #expect(WireBool.value(of: 2))
    #expect(WireInt32.varint(of: -1) == 0xffff_ffff_ffff_ffff)
    #expect(WireSInt32.varint(of: -1) == 1)
    #expect(WireSFixed32.value(of: 0xffff_ffff) == -1)
    #expect(WireSFixed32.bits(of: -1) == 0xffff_ffff)
  }

  @Test func initOfEnums() {
    #expect(Paint().rawValue == 0)
    #expect(Paint(rawValue: 9).rawValue == 9)
    #expect(Kind() == .round)
    #expect(Kind(rawValue: 7) == nil)
  }

  @Test func requirementsOfWireMessage() throws {
    #expect(Point().wireBytes() == [])
    #expect(Point.messageName == "example.Point")
    #expect(Shape.fieldName(of: 1) == "name")
    #expect(try Point(wireBytes: [0x10, 0x01]).unknownFields.wireBytes == [0x10, 0x01])
  }

  @Test func decodingOptions() throws {
    var options = WireDecodingOptions(allowsMissingRequiredFields: true)
    #expect(try !Shape(wireBytes: [], options: options).isInitialized)
    options.discardsUnknownFields = true
    #expect(try Point(wireBytes: [0x10, 0x01], options: options).wireBytes() == [])
    options.depthLimit = 0
    let nested = delimited(5, [0x0a, 0x01, 0x61])
    let error = try #require(throws: WireError.self) { try Shape(wireBytes: nested, options: options) }
    #expect(error.code == .depthExceeded && error.path.last?.fieldName == "outline")
  }

  /// Which code packed bytes that end inside a value, and a wire type that there is not, are refused with.
  @Test func codesOfErrors() {
    #expect(failure(Shape.self, delimited(4, [1, 2, 3])) == .truncated)
    #expect(failure(Shape.self, delimited(3, [0x80])) == .truncated)
    #expect(failure(Shape.self, [0x0e]) == .invalidWireType)
    #expect(failure(Shape.self, [0x0f]) == .invalidWireType)
  }
}
