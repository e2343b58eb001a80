extension JSONParser {
  /// Messages that have JSON of their own. <https://protobuf.dev/programming-guides/json/#json>
  mutating func wellKnown(_ kind: MessageKind, _ index: Int) throws(JSONError) {
    switch kind {
    case .timestamp:
      guard let time = JSONTime.timestamp(try plainText()) else {
        throw reader.error(.invalidValue, "a timestamp is an RFC 3339 time of the years 1 to 9999")
      }
      append(time)
    case .duration:
      guard let duration = JSONTime.duration(try plainText()) else {
        throw reader.error(.invalidValue, "a duration is a number of seconds, at most 10,000 years, with an s")
      }
      append(duration)
    case .fieldMask: try fieldMask()
    case .any: try any()
    case .structure: try structure()
    case .listValue: try listValue()
    case .value: try anyValue()
    case .wrapper, .plain:
      let message = tables.messages[index]
      guard message.fieldCount > 0 else { throw reader.error(.unknownType, "a wrapper has no field") }
      let field = tables.fields[Int(message.firstField)]
      let start = output.count
      output.append(varint: UInt64(field.tag))
      if try value(field) != .written { output.truncate(to: start) }
    }
  }

  private mutating func append(_ time: (seconds: Int64, nanos: Int32)) {
    if time.seconds != 0 {
      output.append(varint: UInt64(WireTag.make(1, .varint)))
      output.append(varint: UInt64(bitPattern: time.seconds))
    }
    if time.nanos != 0 {
      output.append(varint: UInt64(WireTag.make(2, .varint)))
      output.append(varint: UInt64(bitPattern: Int64(time.nanos)))
    }
  }

  // MARK: FieldMask

  /// Paths in lowerCamelCase with commas between, to lower_snake_case.
  private mutating func fieldMask() throws(JSONError) {
    let text = try plainText()
    if text.isEmpty { return }
    for path in text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard !path.isEmpty else { throw reader.error(.invalidValue, "a path is empty") }
      output.append(varint: UInt64(WireTag.make(1, .delimited)))
      let mark = output.beginLength()
      for byte in path {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"):
          output.append(UInt8(ascii: "_"))
          output.append(byte | 0x20)
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
          output.append(byte)
        default: throw reader.error(.invalidValue, "a path is not in lowerCamelCase")
        }
      }
      output.endLength(mark)
    }
  }

  // MARK: Any

  private mutating func any() throws(JSONError) {
    reader.skipSpace()
    let place = reader.position
    guard reader.take(UInt8(ascii: "{")) else { throw reader.unexpectedKind("an object is expected") }
    try enter()
    let inside = reader
    guard let url = try typeURL() else {
      // Only an empty Any has no type.
      guard inside.isEmptyObject else { throw reader.error(.invalidValue, "an Any lacks its @type", at: place) }
      return leave()
    }
    guard let index = url.withUnsafeBufferPointer({ pool.messageIndex(typeURL: $0) }) else {
      throw reader.error(.unknownType, "the type of the Any is not known", at: place)
    }
    reader = inside
    output.append(varint: UInt64(WireTag.make(1, .delimited)))
    output.append(varint: UInt64(url.count))
    url.withUnsafeBufferPointer { output.append($0) }
    output.append(varint: UInt64(WireTag.make(2, .delimited)))
    let mark = output.beginLength()
    if tables.messages[index].kind == .plain {
      try members(index, ofAny: true)
    } else {
      try valueMember(index, at: place)
    }
    output.endLength(mark)
    leave()
  }

  /// The `@type` member of an object. Skips all other members.
  private mutating func typeURL() throws(JSONError) -> [UInt8]? {
    var url: [UInt8]?
    var isFirst = true
    while try reader.more(&isFirst, until: UInt8(ascii: "}")) {
      if try plainText().elementsEqual("@type".utf8) {
        guard url == nil else { throw reader.error(.duplicateField, "@type occurs twice") }
        try reader.expect(UInt8(ascii: ":"))
        url = Array(try plainText())
      } else {
        try reader.expect(UInt8(ascii: ":"))
        try reader.skipValue(depthLeft: depthLeft)
      }
    }
    return url
  }

  /// The `value` of an Any whose message has JSON of its own.
  private mutating func valueMember(_ index: Int, at place: UnsafePointer<UInt8>) throws(JSONError) {
    var hasValue = false
    var isFirst = true
    while try reader.more(&isFirst, until: UInt8(ascii: "}")) {
      let name = try plainText()
      if name.elementsEqual("value".utf8) {
        guard !hasValue else { throw reader.error(.duplicateField, "value occurs twice") }
        hasValue = true
        try reader.expect(UInt8(ascii: ":"))
        reader.skipSpace()
        try message(index)
      } else {
        guard options.ignoresUnknownFields || name.elementsEqual("@type".utf8) else {
          throw reader.error(.unknownField, "an Any of such a type has @type and value only")
        }
        try reader.expect(UInt8(ascii: ":"))
        try reader.skipValue(depthLeft: depthLeft)
      }
    }
    guard hasValue else { throw reader.error(.invalidValue, "an Any of such a type needs a value", at: place) }
  }

  // MARK: Struct, Value and ListValue

  // Their field numbers are those of google/protobuf/struct.proto.

  private mutating func structure() throws(JSONError) {
    guard reader.take(UInt8(ascii: "{")) else { throw reader.unexpectedKind("an object is expected") }
    try enter()
    var isFirst = true
    while try reader.more(&isFirst, until: UInt8(ascii: "}")) {
      output.append(varint: UInt64(WireTag.make(1, .delimited)))
      let entry = output.beginLength()
      output.append(varint: UInt64(WireTag.make(1, .delimited)))
      _ = try string()
      try reader.expect(UInt8(ascii: ":"))
      output.append(varint: UInt64(WireTag.make(2, .delimited)))
      let value = output.beginLength()
      try anyValue()
      output.endLength(value)
      output.endLength(entry)
    }
    leave()
  }

  private mutating func listValue() throws(JSONError) {
    guard reader.take(UInt8(ascii: "[")) else { throw reader.unexpectedKind("an array is expected") }
    try enter()
    var isFirst = true
    while try reader.more(&isFirst, until: UInt8(ascii: "]")) {
      output.append(varint: UInt64(WireTag.make(1, .delimited)))
      let value = output.beginLength()
      try anyValue()
      output.endLength(value)
    }
    leave()
  }

  private mutating func anyValue() throws(JSONError) {
    reader.skipSpace()
    switch reader.next {
    case UInt8(ascii: "n"):
      try reader.literal("null")
      output.append(varint: UInt64(WireTag.make(1, .varint)))
      output.append(0)
    case UInt8(ascii: "\""):
      output.append(varint: UInt64(WireTag.make(3, .delimited)))
      _ = try string()
    case UInt8(ascii: "t"), UInt8(ascii: "f"):
      output.append(varint: UInt64(WireTag.make(4, .varint)))
      _ = try bool()
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      let isObject = reader.next == UInt8(ascii: "{")
      output.append(varint: UInt64(WireTag.make(isObject ? 5 : 6, .delimited)))
      let mark = output.beginLength()
      if isObject { try structure() } else { try listValue() }
      output.endLength(mark)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      guard let number = JSONNumber.double(try reader.number()) else {
        throw reader.error(.outOfRange, "the number is too large for a double")
      }
      output.append(varint: UInt64(WireTag.make(2, .fixed64)))
      output.append(littleEndian: number.bitPattern)
    default: throw reader.unexpected("a value is expected")
    }
  }
}

extension JSONReader {
  fileprivate var isEmptyObject: Bool {
    var copy = self
    return copy.take(UInt8(ascii: "}"))
  }
}
