extension JSONPrinter {
  /// One value behind its tag. Returns whether it is the default of its type.
  mutating func value(_ cursor: inout WireCursor, _ field: FieldSchema) throws(JSONError) -> Bool {
    switch field.kind {
    case .string:
      let bytes = try cursor.jsonDelimited()
      try string(bytes)
      return bytes.isEmpty
    case .message, .group:
      try message(try cursor.jsonMessage(field, depthLeft: depthLeft), Int(field.child))
      return false
    case .enum:
      return enumeration(Int32(truncatingIfNeeded: try cursor.jsonVarint()), Int(field.child))
    case .bytes:
      let bytes = try cursor.jsonDelimited()
      base64(bytes)
      return bytes.isEmpty
    case .float:
      let bits = try cursor.jsonFixed32()
      float(Float(bitPattern: bits))
      return bits == 0
    case .double:
      let bits = try cursor.jsonFixed64()
      double(Double(bitPattern: bits))
      return bits == 0
    case .bool:
      let value = try cursor.jsonVarint() != 0
      output.append(value ? "true" : "false")
      return !value
    case .int64, .sint64, .sfixed64, .uint64, .fixed64:
      // 64-bit integers are strings: JavaScript's numbers can't hold them.
      output.append(UInt8(ascii: "\""))
      let isZero = try integer(&cursor, field.kind)
      output.append(UInt8(ascii: "\""))
      return isZero
    default:
      return try integer(&cursor, field.kind)
    }
  }

  /// Any integer without quotes.
  mutating func integer(_ cursor: inout WireCursor, _ kind: FieldKind) throws(JSONError) -> Bool {
    switch kind {
    case .uint64: return unsigned(try cursor.jsonVarint())
    case .fixed64: return unsigned(try cursor.jsonFixed64())
    case .uint32: return unsigned(UInt64(UInt32(truncatingIfNeeded: try cursor.jsonVarint())))
    case .fixed32: return unsigned(UInt64(try cursor.jsonFixed32()))
    case .int32: return signed(Int64(Int32(truncatingIfNeeded: try cursor.jsonVarint())))
    case .sint32: return signed(Int64(WireSInt32.value(of: try cursor.jsonVarint())))
    case .sfixed32: return signed(Int64(Int32(bitPattern: try cursor.jsonFixed32())))
    case .sint64: return signed(WireSInt64.value(of: try cursor.jsonVarint()))
    case .sfixed64: return signed(Int64(bitPattern: try cursor.jsonFixed64()))
    default: return signed(Int64(bitPattern: try cursor.jsonVarint()))
    }
  }

  private mutating func unsigned(_ value: UInt64) -> Bool {
    output.append(decimal: value)
    return value == 0
  }

  private mutating func signed(_ value: Int64) -> Bool {
    output.append(decimal: value)
    return value == 0
  }

  private mutating func enumeration(_ number: Int32, _ index: Int) -> Bool {
    let type = tables.enums[index]
    if type.isNull {
      // null, whatever the number is.
      output.append("null")
      return true
    }
    if !options.printsEnumNumbers, let value = tables.value(number, of: type) {
      output.append(tables.text[value.name])
    } else {
      output.append(decimal: Int64(number))
    }
    return number == 0
  }

  /// The default value of an absent field or map value.
  mutating func defaultValue(_ field: FieldSchema) throws(JSONError) {
    switch field.kind {
    case .string, .bytes: output.append("\"\"")
    case .message, .group: try message(UnsafeBufferPointer(start: nil, count: 0), Int(field.child))
    case .enum: _ = enumeration(tables.enums[Int(field.child)].defaultNumber, Int(field.child))
    case .bool: output.append("false")
    case .int64, .sint64, .sfixed64, .uint64, .fixed64: output.append("\"0\"")
    default: output.append("0")
    }
  }

  // MARK: Floating point

  /// The shortest digits that read back as the same number, which is what Swift's description has. Minus zero keeps its
  /// fraction: some readers would take `-0` for an integer.
  mutating func double(_ value: Double) {
    guard value.isFinite else { return special(value.isNaN, value < 0) }
    if let integer = Int64(exactly: value), abs(integer) < 1 << 53, integer != 0 || value.sign == .plus {
      output.append(decimal: integer)
    } else {
      output.append(value.description)
    }
  }

  mutating func float(_ value: Float) {
    guard value.isFinite else { return special(value.isNaN, value < 0) }
    if let integer = Int64(exactly: value), abs(integer) < 1 << 24, integer != 0 || value.sign == .plus {
      output.append(decimal: integer)
    } else {
      output.append(value.description)
    }
  }

  private mutating func special(_ isNaN: Bool, _ isNegative: Bool) {
    output.append(isNaN ? "\"NaN\"" : isNegative ? "\"-Infinity\"" : "\"Infinity\"")
  }

  // MARK: Maps

  /// A map as an object, and the field behind it. The last entry of a key wins.
  mutating func map(
    _ cursor: inout WireCursor, _ field: KnownField, of message: MessageSchema
  ) throws(JSONError) -> KnownField? {
    output.append(UInt8(ascii: "{"))
    guard depthLeft >= 0 else { throw JSONError(.limit, "messages are nested too deep") }
    let entrySchema = tables.messages[Int(field.schema.child)]
    let keySchema = tables.fields[Int(entrySchema.firstField)]
    let valueSchema = tables.fields[Int(entrySchema.firstField) + 1]
    var entries: [UnsafeBufferPointer<UInt8>] = []
    var next: KnownField? = field
    while let element = next, element.index == field.index {
      entries.append(try cursor.jsonDelimited())
      next = try tables.nextField(&cursor, of: message, depthLeft: depthLeft)
    }
    var starts: [(key: String, isDropped: Bool)] = []
    var lastOf: [String: Int] = [:]
    if entries.count > 1 {
      for (index, entry) in entries.enumerated() {
        let key = try mapKey(entry, entrySchema, keySchema)
        starts.append((key, false))
        if let earlier = lastOf.updateValue(index, forKey: key) { starts[earlier].isDropped = true }
      }
    }
    for (index, entry) in entries.enumerated() where starts.isEmpty || !starts[index].isDropped {
      let shape = try MessageShape(of: entry, message: entrySchema, tables: tables, depthLeft: depthLeft)
      if shape.isNormal {
        try mapEntry(entry, entrySchema, keySchema, valueSchema)
      } else {
        try normalized(entry, entrySchema) { (printer, bytes) throws(JSONError) in
          try printer.mapEntry(bytes, entrySchema, keySchema, valueSchema)
        }
      }
    }
    output.close(UInt8(ascii: "}"))
    return next
  }

  /// A key in the form that JSON has, for comparing.
  private mutating func mapKey(
    _ entry: UnsafeBufferPointer<UInt8>, _ schema: MessageSchema, _ keySchema: FieldSchema
  ) throws(JSONError) -> String {
    let start = output.count
    var key: WireCursor?
    var cursor = WireCursor(entry)
    while let field = try tables.nextField(&cursor, of: schema, depthLeft: depthLeft) {
      if field.index == 0 { key = cursor }
      try cursor.skip(field, depthLeft: depthLeft)
    }
    try printKey(key, keySchema)
    let text = String(decoding: output.bytes(from: start), as: UTF8.self)
    output.truncate(to: start)
    return text
  }

  private mutating func printKey(_ cursor: WireCursor?, _ schema: FieldSchema) throws(JSONError) {
    guard var cursor else {
      switch schema.kind {
      case .string: return output.append("\"\"")
      case .bool: return output.append("\"false\"")
      default: return output.append("\"0\"")
      }
    }
    if schema.kind == .string { return try string(try cursor.jsonDelimited()) }
    output.append(UInt8(ascii: "\""))
    if schema.kind == .bool {
      output.append(try cursor.jsonVarint() != 0 ? "true" : "false")
    } else {
      _ = try integer(&cursor, schema.kind)
    }
    output.append(UInt8(ascii: "\""))
  }

  private mutating func mapEntry(
    _ entry: UnsafeBufferPointer<UInt8>, _ schema: MessageSchema, _ keySchema: FieldSchema, _ valueSchema: FieldSchema
  ) throws(JSONError) {
    let start = output.count
    var key: WireCursor?
    var value: WireCursor?
    var cursor = WireCursor(entry)
    var isDropped = false
    while let tag = try cursor.jsonTag() {
      if tag == keySchema.tag { key = cursor }
      if tag == valueSchema.tag {
        value = cursor
        // An entry whose number a closed enum does not know is an unknown field.
        if valueSchema.isClosedEnum {
          var number = cursor
          let type = tables.enums[Int(valueSchema.child)]
          isDropped = tables.value(Int32(truncatingIfNeeded: try number.jsonVarint()), of: type) == nil
        }
      }
      try cursor.jsonSkip(tag, depthLeft: depthLeft)
    }
    if isDropped { return }
    try printKey(key, keySchema)
    output.append(UInt8(ascii: ":"))
    do throws(JSONError) {
      if var value {
        _ = try self.value(&value, valueSchema)
      } else {
        try defaultValue(valueSchema)
      }
    } catch {
      throw error.inside(String(decoding: output.bytes(from: start), as: UTF8.self))
    }
    output.append(UInt8(ascii: ","))
  }
}
