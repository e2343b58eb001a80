/// JSON to wire bytes: reads the text once, and writes the fields in its order.
struct JSONParser: ~Copyable {
  let tables: SchemaTables
  let pool: DescriptorPool
  let options: JSONOptions
  var reader: JSONReader
  var output: ByteBuffer
  /// The buffer for strings whose escapes are replaced.
  var scratch = ByteBuffer(capacity: 64)
  var depthLeft: Int

  /// The result of reading a value.
  enum Outcome {
    case written
    /// Written; it is the default of its type.
    case isDefault
    /// The name of an unknown enum value, which may be ignored. Nothing was written.
    case ignored
  }

  init(_ text: UnsafeBufferPointer<UInt8>, pool: DescriptorPool, options: JSONOptions) {
    tables = pool.tables
    self.pool = pool
    self.options = options
    reader = JSONReader(text)
    output = ByteBuffer(capacity: text.count)
    depthLeft = options.depthLimit
  }

  /// The whole text as one message.
  mutating func document(_ index: Int) throws(JSONError) {
    reader.skipSpace()
    try message(index)
    reader.skipSpace()
    guard reader.position == reader.end else { throw reader.unexpected("something follows the message") }
  }

  // MARK: Messages

  /// The fields of a message; for well-known types the JSON may be a value of any kind.
  mutating func message(_ index: Int) throws(JSONError) {
    switch tables.messages[index].kind {
    case .plain:
      guard reader.take(UInt8(ascii: "{")) else { throw reader.unexpectedKind("an object is expected") }
      try enter()
      try members(index)
      leave()
    case let kind: try wellKnown(kind, index)
    }
  }

  @inline(__always)
  mutating func enter() throws(JSONError) {
    guard depthLeft > 0 else { throw reader.error(.limit, "values are nested too deep") }
    depthLeft &-= 1
  }

  @inline(__always)
  mutating func leave() { depthLeft &+= 1 }

  /// The members of an object as fields, and the closing bracket. In an Any, the members include `@type`.
  mutating func members(_ index: Int, ofAny: Bool = false) throws(JSONError) {
    let message = tables.messages[index]
    var seen = FieldSet()
    var oneofs = FieldSet()
    var isFirst = true
    var expected = 0
    while try reader.more(&isFirst, until: UInt8(ascii: "}")) {
      let place = reader.position
      guard let fieldIndex = try key(of: message, expected: expected, ofAny: ofAny) else { continue }
      expected = fieldIndex &+ 1
      let field = tables.fields[Int(message.firstField) &+ fieldIndex]
      guard seen.insert(fieldIndex) else {
        throw reader.error(.duplicateField, "the field occurs twice", at: place).inside(tables.jsonName(of: field))
      }
      reader.skipSpace()
      if reader.next == UInt8(ascii: "n"), field.isRepeated || !takesNull(field) {
        try reader.literal("null")
        continue
      }
      if field.oneof >= 0, !oneofs.insert(Int(field.oneof)) {
        throw reader.error(.duplicateField, "two fields of one oneof occur", at: place).inside(
          tables.jsonName(of: field))
      }
      do throws(JSONError) {
        if field.isMap {
          try map(field)
        } else if field.isRepeated {
          try array(field)
        } else {
          try singular(field)
        }
      } catch {
        throw error.inside(tables.jsonName(of: field))
      }
    }
    if message.hasRequired { try checkRequired(message, seen) }
  }

  /// The field that a member's key names; reads the colon too. Skips the whole member and returns nil if it must be
  /// ignored.
  @inline(__always)
  private mutating func key(of message: MessageSchema, expected: Int, ofAny: Bool) throws(JSONError) -> Int? {
    // Members mostly come in the order of their fields, written as our own printer writes them.
    if expected < Int(message.fieldCount),
      reader.take(tables.text[tables.fields[Int(message.firstField) &+ expected].jsonKey])
    {
      return expected
    }
    return try keyInTable(of: message, ofAny: ofAny)
  }

  @inline(never)
  private mutating func keyInTable(of message: MessageSchema, ofAny: Bool) throws(JSONError) -> Int? {
    let place = reader.position
    let text = try reader.string()
    var found: Int32?
    var isType = false
    if text.hasEscapes {
      scratch.truncate(to: 0)
      try reader.unescape(text, to: &scratch)
      found = tables.find(scratch.bytes(from: 0), in: message.names)
      isType = ofAny && scratch.bytes(from: 0).elementsEqual("@type".utf8)
    } else {
      found = tables.find(text.bytes, in: message.names)
      isType = ofAny && text.bytes.elementsEqual("@type".utf8)
    }
    try reader.expect(UInt8(ascii: ":"))
    if let found { return Int(found) }
    guard isType || options.ignoresUnknownFields else {
      throw reader.error(.unknownField, "the message has no such field", at: place)
    }
    try reader.skipValue(depthLeft: depthLeft)
    return nil
  }

  private func checkRequired(_ message: MessageSchema, _ seen: FieldSet) throws(JSONError) {
    for index in 0..<Int(message.fieldCount) {
      let field = tables.fields[Int(message.firstField) + index]
      if field.isRequired, !seen.contains(index) {
        throw reader.error(.missingRequired, "a required field is absent").inside(tables.jsonName(of: field))
      }
    }
  }

  // MARK: Fields

  /// Whether null is a value of the field's type and not its absence.
  private func takesNull(_ field: FieldSchema) -> Bool {
    switch field.kind {
    case .message: tables.messages[Int(field.child)].kind == .value
    case .enum: tables.enums[Int(field.child)].isNull
    default: false
    }
  }

  @inline(__always)
  private mutating func singular(_ field: FieldSchema) throws(JSONError) {
    let start = output.count
    output.append(varint: UInt64(field.tag))
    switch try value(field) {
    case .written: break
    case .isDefault: if !field.hasPresence { output.truncate(to: start) }
    case .ignored: output.truncate(to: start)
    }
  }

  private mutating func array(_ field: FieldSchema) throws(JSONError) {
    let start = output.count
    guard reader.take(UInt8(ascii: "[")) else { throw reader.unexpectedKind("an array is expected") }
    try enter()
    var mark = 0
    if field.isPacked {
      output.append(varint: UInt64(WireTag.make(field.number, .delimited)))
      mark = output.beginLength()
    }
    var isFirst = true
    var index = 0
    while try reader.more(&isFirst, until: UInt8(ascii: "]")) {
      let elementStart = output.count
      do throws(JSONError) {
        if !field.isPacked { output.append(varint: UInt64(field.tag)) }
        if try value(field) == .ignored { output.truncate(to: elementStart) }
      } catch {
        throw error.inside("[\(index)]")
      }
      index &+= 1
    }
    if field.isPacked {
      if output.count == mark { output.truncate(to: start) } else { output.endLength(mark) }
    }
    leave()
  }

  /// An object as map entries, each a message of key and value. If a key repeats, the last one wins, as on the wire.
  private mutating func map(_ field: FieldSchema) throws(JSONError) {
    guard reader.take(UInt8(ascii: "{")) else { throw reader.unexpectedKind("an object is expected") }
    try enter()
    let entry = tables.messages[Int(field.child)]
    let keySchema = tables.fields[Int(entry.firstField)]
    let valueSchema = tables.fields[Int(entry.firstField) &+ 1]
    var isFirst = true
    while try reader.more(&isFirst, until: UInt8(ascii: "}")) {
      let start = output.count
      output.append(varint: UInt64(field.tag))
      let mark = output.beginLength()
      let key = try reader.string()
      output.append(varint: UInt64(keySchema.tag))
      try mapKey(key, keySchema)
      try reader.expect(UInt8(ascii: ":"))
      reader.skipSpace()
      output.append(varint: UInt64(valueSchema.tag))
      do throws(JSONError) {
        if try value(valueSchema) == .ignored {
          output.truncate(to: start)
        } else {
          output.endLength(mark)
        }
      } catch {
        throw error.inside("[\"\(String(decoding: key.bytes, as: UTF8.self))\"]")
      }
    }
    leave()
  }
}
