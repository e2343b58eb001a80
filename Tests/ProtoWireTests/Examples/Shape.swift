import ProtoWire

// The messages of the examples in ProtoWire's documentation, by hand: every function of reader and writer is used once.

struct Point: WireMessage {
  var x: Int32 = 0
  var unknownFields = UnknownFields()
  static let messageName = "example.Point"

  mutating func decodeFields(from reader: inout WireReader) throws(WireError) {
    while true {
      switch try reader.nextTag() {
      case 0: return
      case 0x08: x = try reader.read(WireInt32.self)
      case let tag: if try reader.readUnknown(tag, into: &unknownFields) { return }
      }
    }
  }

  func encodeFields(into writer: inout WireWriter) {
    writer.prepend(unknownFields)
    writer.prepend(ifNotDefault: x, as: WireInt32.self, tag: 0x08)
  }
}

struct Paint: WireEnum {
  var rawValue: Int32 = 0
  static let red = Paint(rawValue: 1)
}

enum Kind: Int32, WireClosedEnum {
  case round = 1
  case square = 2
  init() { self = .round }
}

struct Shape: WireMessage {
  enum Body: Sendable, Hashable {
    case point(Point)
    case corner(Point)
  }

  var name: String?
  var tags: [String] = []
  var corners: [Int32] = []
  var weights: [Double] = []
  @Indirect var outline: Shape?
  var parts: [Shape] = []
  var origin: Point?
  var holes: [Point] = []
  var sizes: [String: Int32] = [:]
  var kinds: [Int32: Kind] = [:]
  var kind: Kind?
  var history: [Kind] = []
  var color = Paint()
  var named: [String: Shape] = [:]
  var area: Int64 = 0
  var body: Body?
  var data: [UInt8]?
  var note: String?
  var unknownFields = UnknownFields()

  init() {
    _outline = Indirect(wrappedValue: nil)
  }

  static let messageName = "example.Shape"
  static func fieldName(of number: UInt32) -> String? { [1: "name", 5: "outline", 6: "parts", 14: "named"][number] }

  mutating func decodeFields(from reader: inout WireReader) throws(WireError) {
    while true {
      switch try reader.nextTag() {
      case 0: return
      case WireTag.make(1, .delimited): name = try reader.read(WireString.self)
      case WireTag.make(2, .delimited): try reader.read(WireString.self, appendingTo: &tags)
      case WireTag.make(3, .delimited): try reader.readPacked(WireSInt32.self, into: &corners)
      case WireTag.make(4, .delimited): try reader.readPacked(WireDouble.self, into: &weights)
      case WireTag.make(5, .delimited): try reader.readMessage(into: &outline)
      case WireTag.make(6, .delimited): try reader.readMessage(appendingTo: &parts)
      case WireTag.make(7, .startGroup): try reader.readGroup(into: &origin, number: 7)
      case WireTag.make(8, .startGroup): try reader.readGroup(appendingTo: &holes, number: 8)
      case WireTag.make(9, .delimited):
        try reader.readMapEntry(into: &sizes, key: WireString.self, value: WireInt32.self)
      case WireTag.make(10, .delimited):
        try reader.readMapEntry(into: &kinds, key: WireInt32.self, unknownFields: &unknownFields)
      case WireTag.make(11, .varint):
        if let value = try reader.readClosedEnum(Kind.self, unknownFields: &unknownFields) { kind = value }
      case WireTag.make(12, .delimited):
        try reader.readPackedClosedEnum(into: &history, unknownFields: &unknownFields)
      case WireTag.make(13, .varint): color = try reader.read(WireOpenEnum<Paint>.self)
      case WireTag.make(14, .delimited):
        try reader.readMapEntry(into: &named, key: WireString.self, value: WireSubmessage<Shape>.self)
      case WireTag.make(15, .varint): area = try reader.read(WireInt64.self)
      case WireTag.make(16, .delimited):
        var point = Point()
        try reader.readMessage(into: &point)
        body = .point(point)
      case WireTag.make(17, .startGroup):
        var point = Point()
        try reader.readGroup(into: &point, number: 17)
        body = .corner(point)
      case WireTag.make(18, .delimited): data = try reader.read(WireBytes.self)
      case WireTag.make(19, .delimited): note = try reader.read(WireUncheckedString.self)
      case let tag: if try reader.readUnknown(tag, into: &unknownFields) { return }
      }
    }
  }

  func encodeFields(into writer: inout WireWriter) {
    writer.prepend(unknownFields)  // first of all, so that they come last
    writer.prepend(ifPresent: note, as: WireUncheckedString.self, tag: WireTag.make(19, .delimited))
    writer.prepend(ifPresent: data, as: WireBytes.self, tag: WireTag.make(18, .delimited))
    switch body {
    case .point(let point): writer.prepend(message: point, tag: WireTag.make(16, .delimited))
    case .corner(let point): writer.prepend(group: point, number: 17)
    case nil: break
    }
    writer.prepend(ifNotDefault: area, as: WireInt64.self, tag: WireTag.make(15, .varint))
    writer.prepend(
      map: named, key: WireString.self, value: WireSubmessage<Shape>.self, tag: WireTag.make(14, .delimited))
    writer.prepend(ifNotDefault: color, as: WireOpenEnum<Paint>.self, tag: WireTag.make(13, .varint))
    writer.prepend(packed: history, as: WireClosedEnumValue<Kind>.self, tag: WireTag.make(12, .delimited))
    writer.prepend(ifPresent: kind, as: WireClosedEnumValue<Kind>.self, tag: WireTag.make(11, .varint))
    writer.prepend(
      map: kinds, key: WireInt32.self, value: WireClosedEnumValue<Kind>.self, tag: WireTag.make(10, .delimited))
    writer.prepend(map: sizes, key: WireString.self, value: WireInt32.self, tag: WireTag.make(9, .delimited))
    writer.prepend(groups: holes, number: 8)
    writer.prepend(group: origin, number: 7)
    writer.prepend(messages: parts, tag: WireTag.make(6, .delimited))
    writer.prepend(message: outline, tag: WireTag.make(5, .delimited))
    writer.prepend(packed: weights, as: WireDouble.self, tag: WireTag.make(4, .delimited))
    writer.prepend(packed: corners, as: WireSInt32.self, tag: WireTag.make(3, .delimited))
    writer.prepend(repeated: tags, as: WireString.self, tag: WireTag.make(2, .delimited))
    writer.prepend(ifPresent: name, as: WireString.self, tag: WireTag.make(1, .delimited))
  }

  func checkRequiredFields() throws(WireError) {
    try WireRequired.check(name, 1, of: Self.self)
    try WireRequired.check(in: outline, 5, of: Self.self)
    try WireRequired.check(inEach: parts, 6, of: Self.self)
    try WireRequired.check(inEach: named.values, 14, of: Self.self)
  }
}
