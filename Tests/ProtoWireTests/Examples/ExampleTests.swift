import ProtoWire
import Testing

/// The examples of ProtoWire's documentation, run: what a comment there says is what comes out here.
@Suite struct ExampleTests {
  private static func shape(_ name: String, _ populate: (inout Shape) -> Void = { _ in }) -> Shape {
    Shape.with {
      $0.name = name
      populate(&$0)
    }
  }

  private static let whole = shape("whole") {
    $0.tags = ["a", "", "b"]
    $0.corners = [1, -1]
    $0.weights = [0.5]
    $0.outline = shape("outline") { $0.body = .corner(Point.with { $0.x = 3 }) }
    $0.parts = [shape("first"), shape("second")]
    $0.origin = Point.with { $0.x = 1 }
    $0.holes = [Point(), Point.with { $0.x = 2 }]
    $0.sizes = ["s": 1, "m": 2, "l": 3]
    $0.kinds = [1: .square]
    $0.kind = .square
    $0.history = [.round, .square]
    $0.color = Paint(rawValue: 9)
    $0.named = ["x": shape("x")]
    $0.area = 4
    $0.body = .point(Point.with { $0.x = 5 })
    $0.data = [1, 2]
    $0.note = "n"
  }

  private static func fault(_ bytes: [UInt8]) throws -> WireError {
    try #require(throws: WireError.self) { try Shape(wireBytes: bytes) }
  }

  // MARK: Messages

  @Test func aMessageByHand() throws {
    #expect(try Shape(wireBytes: Self.whole.wireBytes()) == Self.whole)
    #expect(Point.with { $0.x = 150 }.wireBytes() == [0x08, 0x96, 0x01])
    #expect(try Point(wireBytes: [0x08, 0x96, 0x01]).x == 150)
    let buffer: [UInt8] = [0x08, 0x96, 0x01]
    #expect(try buffer.withUnsafeBytes { try Point(wireBytes: $0) }.x == 150)
    var point = Point.with { $0.x = 1 }
    try point.merge(wireBytes: [0x08, 0x02])
    #expect(point.x == 2)
  }

  @Test func equalMessagesBecomeEqualBytes() throws {
    let copy = try Shape(wireBytes: Self.whole.wireBytes())
    #expect(Self.whole.deterministicWireBytes() == copy.deterministicWireBytes())
    var writer = WireWriter()
    writer.isDeterministic = true
    writer.prependMessage(copy)
    #expect(writer.withUnsafeBytes { Array($0) } == copy.deterministicWireBytes())
  }

  @Test func requiredFields() throws {
    #expect(!Shape().isInitialized)
    #expect(Shape.with { $0.name = "a" }.isInitialized)
    for part in [5, 6] as [UInt32] {
      let error = try Self.fault([0x0a, 1, 0x61] + delimited(part, []))
      #expect(error.code == .missingRequiredField && error.path.map(\.fieldNumber) == [part, 1])
    }
    // An entry of a map, whose value is a Shape without a name.
    #expect(try Self.fault([0x0a, 1, 0x61] + delimited(14, delimited(2, []))).path.map(\.fieldNumber) == [14, 1])
    #expect(throws: Never.self) { try Shape(wireBytes: [], options: .init(allowsMissingRequiredFields: true)) }
  }

  @Test func errorsSayWhatAndWhere() throws {
    let error = try Self.fault([0x0a, 0x02, 0x61])
    #expect(error.code == .truncated)
    #expect(error.path.map(\.fieldName) == ["name"])
    #expect(error.description == "example.Shape.name: the input ends inside a field")
    let inner = try Self.fault([0x0a, 0x01, 0x61] + delimited(5, [0x0a, 0x01, 0xff]))
    #expect(inner.code == .invalidUTF8)
    #expect(inner.path.map { $0.fieldName ?? String($0.fieldNumber) } == ["outline", "name"])
    #expect(inner.path.map(\.message) == ["example.Shape", "example.Shape"])
  }

  @Test func options() throws {
    let bytes = delimited(5, delimited(5, [0x78, 0x01]))
    let missing = WireDecodingOptions(depthLimit: 1, allowsMissingRequiredFields: true)
    #expect(failure(Shape.self, bytes, options: missing) == .depthExceeded)
    let dropping = WireDecodingOptions(depthLimit: 10, discardsUnknownFields: true)
    #expect(try Point(wireBytes: [0x10, 0x01], options: dropping).unknownFields.isEmpty)
  }

  @Test func unknownFields() throws {
    let old = try Point(wireBytes: [0x10, 0x01, 0x08, 0x02])
    #expect(!old.unknownFields.isEmpty && old.unknownFields.wireBytes == [0x10, 0x01])
    #expect(old.wireBytes() == [0x08, 0x02, 0x10, 0x01])
    #expect(UnknownFields().isEmpty)
    #expect(UnknownFields(wireBytes: [0x78, 0x01]).wireBytes == [0x78, 0x01])
  }

  @Test func indirectMessagesShareTheirMemory() {
    var node = Self.shape("a") { $0.outline = Self.shape("b") }
    let copy = node
    node.outline?.area = 1
    #expect(copy.outline?.area == 0 && node.outline?.area == 1)
    node.outline = nil
    #expect(node.outline == nil && copy.outline != nil)
  }

  @Test func enumsKeepNumbersWithoutAName() throws {
    let open = Self.shape("a") { $0.color = Paint(rawValue: 9) }
    #expect(try Shape(wireBytes: open.wireBytes()).color.rawValue == 9)
    // Numbers of a closed enum that have no name: one of a field, of packed ones, of a map's entry.
    let unnamed: [UInt8] = [0x58, 0x07] + delimited(12, [0x01, 0x07]) + delimited(10, [0x08, 0x01, 0x10, 0x07])
    let closed = try Shape(wireBytes: [0x0a, 0x01, 0x61] + unnamed)
    #expect(closed.kind == nil && closed.history == [.round] && closed.kinds.isEmpty)
    #expect(closed.unknownFields.wireBytes == [0x58, 0x07, 0x60, 0x07] + delimited(10, [0x08, 0x01, 0x10, 0x07]))
  }

  // MARK: Types of fields

  @Test func varints() {
    #expect(WireInt32.varint(of: -1) == 0xffff_ffff_ffff_ffff && WireInt32.value(of: 5) == 5)
    #expect(WireInt32.value(of: 0x1_0000_0005) == 5)
    #expect(WireInt64.varint(of: -1) == 0xffff_ffff_ffff_ffff)
    #expect(WireUInt32.varint(of: 7) == 7 && WireUInt64.varint(of: .max) == .max)
    #expect(WireSInt32.varint(of: -1) == 1 && WireSInt32.varint(of: 1) == 2)
    #expect(WireSInt64.varint(of: -2) == 3 && WireSInt64.value(of: 4) == 2)
    #expect(WireBool.value(of: 2) && WireBool.precedes(false, true))
  }

  @Test func fixedWidths() {
    #expect(WireFixed32.bits(of: 7) == 7 && WireFixed64.bits(of: 7) == 7)
    #expect(WireSFixed32.bits(of: -1) == 0xffff_ffff && WireSFixed64.bits(of: -1) == 0xffff_ffff_ffff_ffff)
    #expect(WireFloat.bits(of: 1) == 0x3f80_0000 && WireFloat.value(of: 0x3f80_0000) == 1)
    #expect(!WireFloat.isDefault(-0.0) && WireDouble.bits(of: 1) == 0x3ff0_0000_0000_0000)
  }

  @Test func delimitedTypes() throws {
    #expect(firstField("abc", as: WireString.self) == [0x0a, 0x03, 0x61, 0x62, 0x63])
    #expect(firstField([1, 2], as: WireBytes.self) == [0x0a, 0x02, 0x01, 0x02])
    #expect(WireString.isDefault("") && WireInt32.defaultValue == 0 && WireString.precedes("a", "b"))
    let shape = try Shape(wireBytes: [0x0a, 0x01, 0x61] + delimited(19, [0xff]))
    #expect(shape.note == "\u{fffd}")
  }

  private func firstField<C: WireScalar>(_ value: C.Value, as _: C.Type) -> [UInt8] {
    var writer = WireWriter()
    writer.prepend(value, as: C.self, tag: WireTag.make(1, C.wireType))
    return writer.withUnsafeBytes { Array($0) }
  }

  @Test func aFunctionForEveryType() {
    #expect(firstField(150, as: WireInt32.self) == [0x08, 0x96, 0x01])
    #expect(firstField(3, as: WireInt32.self) == [0x08, 0x03])
  }

  @Test func tags() {
    #expect(WireTag.make(1, .delimited) == 0x0a && WireTag.fieldNumber(of: 0x0a) == 1)
    #expect(WireTag.make(2, .varint) == 0x10 && WireTag.fieldNumber(of: 0x10) == 2)
    #expect(WireType(rawValue: 0x0a & 7) == .delimited && WireInt32.wireType == .varint)
  }

  // MARK: Writing

  private func written(_ body: (inout WireWriter) -> Void) -> [UInt8] {
    var writer = WireWriter(capacity: 4096)
    body(&writer)
    return writer.withUnsafeBytes { Array($0) }
  }

  @Test func writersBytes() {
    #expect(
      written {
        $0.prependVarint(150)
        $0.prependTag(WireTag.make(1, .varint))
      } == [0x08, 0x96, 0x01])
    #expect(written { $0.prependBigEndian(9) } == [0, 0, 0, 9])
    let text = Array("ab".utf8)
    #expect(written { writer in text.withUnsafeBytes { writer.prependDelimited($0) } } == [0x02, 0x61, 0x62])
    #expect(written { writer in text.withUnsafeBytes { writer.prependBytes($0) } } == text)
    #expect(
      written {
        $0.prependMessage(Point.with { $0.x = 3 })
        $0.prependBigEndian(UInt32($0.count))
        $0.prependByte(0)
      } == [0, 0, 0, 0, 2, 0x08, 0x03])
  }

  @Test func aWriterIsUsedAgain() {
    var writer = WireWriter()
    for number in 1...3 as ClosedRange<UInt8> {
      writer.removeAll()
      #expect(writer.count == 0)
      writer.prependByte(number)
      #expect(writer.withUnsafeBytes { Array($0) } == [number] && writer.count == 1)
    }
  }
}
