extension JSONParser {
  /// One value, behind its tag.
  @inline(__always)
  mutating func value(_ field: FieldSchema) throws(JSONError) -> Outcome {
    switch field.kind {
    case .string: try string()
    case .message:
      try nested(Int(field.child))
    case .group:
      try group(field)
    case .enum: try enumeration(tables.enums[Int(field.child)])
    case .bytes: try bytes()
    case .bool: try bool()
    case .double: try double()
    case .float: try float()
    default: try integer(try numberText(), field.kind)
    }
  }

  private mutating func nested(_ index: Int) throws(JSONError) -> Outcome {
    let mark = output.beginLength()
    try message(index)
    output.endLength(mark)
    return .written
  }

  private mutating func group(_ field: FieldSchema) throws(JSONError) -> Outcome {
    try message(Int(field.child))
    output.append(varint: UInt64(WireTag.make(field.number, .endGroup)))
    return .written
  }

  // MARK: Strings

  /// The content of a string without its escapes, with its length before it.
  @inline(__always)
  mutating func string() throws(JSONError) -> Outcome {
    reader.skipSpace()
    guard reader.next == UInt8(ascii: "\"") else { throw reader.unexpectedKind("a string is expected") }
    return try append(try reader.string())
  }

  @inline(__always)
  mutating func append(_ text: JSONText) throws(JSONError) -> Outcome {
    if text.hasEscapes {
      let mark = output.beginLength()
      try reader.unescape(text, to: &output)
      output.endLength(mark)
    } else {
      output.append(varint: UInt64(text.bytes.count))
      output.append(text.bytes)
    }
    return text.bytes.isEmpty ? .isDefault : .written
  }

  /// The content of a string without its escapes, valid until the next string.
  mutating func plainText() throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    reader.skipSpace()
    guard reader.next == UInt8(ascii: "\"") else { throw reader.unexpectedKind("a string is expected") }
    return try plain(try reader.string())
  }

  private mutating func plain(_ text: JSONText) throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    guard text.hasEscapes else { return text.bytes }
    scratch.truncate(to: 0)
    try reader.unescape(text, to: &scratch)
    return scratch.bytes(from: 0)
  }

  /// Base64 of either alphabet, with or without padding. <https://www.rfc-editor.org/rfc/rfc4648>
  private mutating func bytes() throws(JSONError) -> Outcome {
    var text = try plainText()
    let isDefault = text.isEmpty
    if text.count % 4 == 0 {
      for _ in 0..<2 where text.last == UInt8(ascii: "=") { text = UnsafeBufferPointer(rebasing: text.dropLast()) }
    }
    guard text.count % 4 != 1 else { throw reader.error(.invalidValue, "base64 ends too early") }
    output.append(varint: UInt64(text.count / 4 * 3 + [0, 0, 1, 2][text.count % 4]))
    var bits: UInt32 = 0
    var bitCount = 0
    for digit in text {
      guard let value = Base64.value(digit) else { throw reader.error(.invalidValue, "a character is not base64") }
      bits = bits << 6 | value
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        output.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
      }
    }
    return isDefault ? .isDefault : .written
  }

  // MARK: Enums and bool

  private mutating func enumeration(_ type: EnumSchema) throws(JSONError) -> Outcome {
    reader.skipSpace()
    switch reader.next {
    case UInt8(ascii: "\""):
      let place = reader.position
      let name = try plainText()
      if let number = tables.find(name, in: type.names) { return append(enum: number) }
      guard options.ignoresUnknownFields else {
        throw reader.error(.unknownField, "the enum has no value of that name", at: place)
      }
      return .ignored
    case UInt8(ascii: "n") where type.isNull:
      try reader.literal("null")
      return append(enum: 0)
    default:
      guard let number = JSONNumber(try numberText()).int64.flatMap({ Int32(exactly: $0) }) else {
        throw reader.error(.outOfRange, "an enum's number has 32 bits")
      }
      return append(enum: number)
    }
  }

  private mutating func append(enum number: Int32) -> Outcome {
    output.append(varint: UInt64(bitPattern: Int64(number)))
    return number == 0 ? .isDefault : .written
  }

  mutating func bool() throws(JSONError) -> Outcome {
    reader.skipSpace()
    switch reader.next {
    case UInt8(ascii: "t"):
      try reader.literal("true")
      output.append(1)
      return .written
    case UInt8(ascii: "f"):
      try reader.literal("false")
      output.append(0)
      return .isDefault
    default: throw reader.unexpectedKind("true or false is expected")
    }
  }

  // MARK: Numbers

  /// The text of a number, which may be in quotes.
  private mutating func numberText() throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    reader.skipSpace()
    switch reader.next {
    case UInt8(ascii: "\""): return try number(in: try plainText())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try reader.number()
    default: throw reader.unexpectedKind("a number is expected")
    }
  }

  private func number(in text: UnsafeBufferPointer<UInt8>) throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    var inner = JSONReader(text)
    do throws(JSONError) {
      let number = try inner.number()
      guard inner.position == inner.end else { throw inner.unexpected("") }
      return number
    } catch {
      throw reader.error(.invalidValue, "the string is no number")
    }
  }

  private mutating func double() throws(JSONError) -> Outcome {
    let value: Double
    if let special = try specialNumber() {
      value = special
    } else if let number = JSONNumber.double(try numberText()) {
      value = number
    } else {
      throw reader.error(.outOfRange, "the number is too large for a double")
    }
    output.append(littleEndian: value.bitPattern)
    return value.bitPattern == 0 ? .isDefault : .written
  }

  private mutating func float() throws(JSONError) -> Outcome {
    let value: Float
    if let special = try specialNumber() {
      value = Float(special)
    } else if let number = JSONNumber.float(try numberText()) {
      value = number
    } else {
      throw reader.error(.outOfRange, "the number is too large for a float")
    }
    output.append(littleEndian: value.bitPattern)
    return value.bitPattern == 0 ? .isDefault : .written
  }

  /// `"NaN"`, `"Infinity"` or `"-Infinity"`, which JSON's numbers can't express; nil if it is none of them.
  private mutating func specialNumber() throws(JSONError) -> Double? {
    reader.skipSpace()
    guard reader.next == UInt8(ascii: "\"") else { return nil }
    let before = reader
    let text = try plainText()
    if text.elementsEqual("NaN".utf8) { return .nan }
    if text.elementsEqual("Infinity".utf8) { return .infinity }
    if text.elementsEqual("-Infinity".utf8) { return -.infinity }
    reader = before
    return nil
  }

  /// Any integer type, from a number's text.
  mutating func integer(_ text: UnsafeBufferPointer<UInt8>, _ kind: FieldKind) throws(JSONError) -> Outcome {
    let number = JSONNumber(text)
    switch kind {
    case .uint32, .fixed32:
      guard let value = number.uint64.flatMap({ UInt32(exactly: $0) }) else { throw outOfRange() }
      if kind == .uint32 { output.append(varint: UInt64(value)) } else { output.append(littleEndian: value) }
    case .uint64, .fixed64:
      guard let value = number.uint64 else { throw outOfRange() }
      if kind == .uint64 { output.append(varint: value) } else { output.append(littleEndian: value) }
    case .int32, .sint32, .sfixed32:
      guard let value = number.int64.flatMap({ Int32(exactly: $0) }) else { throw outOfRange() }
      switch kind {
      case .int32: output.append(varint: UInt64(bitPattern: Int64(value)))
      case .sint32: output.append(varint: UInt64(UInt32(bitPattern: value << 1 ^ value >> 31)))
      default: output.append(littleEndian: value)
      }
    default:
      guard let value = number.int64 else { throw outOfRange() }
      switch kind {
      case .sint64: output.append(varint: UInt64(bitPattern: value << 1 ^ value >> 63))
      case .sfixed64: output.append(littleEndian: value)
      default: output.append(varint: UInt64(bitPattern: value))
      }
    }
    return number.mantissa == 0 ? .isDefault : .written
  }

  private func outOfRange() -> JSONError {
    reader.error(.outOfRange, "the number is no integer in the range of its type")
  }

  // MARK: Keys of maps

  /// A key, which JSON has as a string whatever its type.
  mutating func mapKey(_ key: JSONText, _ field: FieldSchema) throws(JSONError) {
    switch field.kind {
    case .string: _ = try append(key)
    case .bool:
      let text = try plain(key)
      let isTrue = text.elementsEqual("true".utf8)
      guard isTrue || text.elementsEqual("false".utf8) else {
        throw reader.error(.invalidValue, "a key of the map is true or false")
      }
      output.append(isTrue ? 1 : 0)
    default: _ = try integer(try number(in: try plain(key)), field.kind)
    }
  }
}

extension JSONReader {
  /// An error: the text may be valid JSON, but its value is of a kind that the field does not accept.
  @inline(never)
  func unexpectedKind(_ message: String) -> JSONError {
    switch next {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "t"), UInt8(ascii: "f"),
      UInt8(ascii: "n"),
      UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      error(.invalidValue, message)
    default: unexpected(message)
    }
  }
}
