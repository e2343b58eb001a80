/// Wire bytes to JSON: walks the message once and writes text as it goes.
struct JSONPrinter: ~Copyable {
  let tables: SchemaTables
  let pool: DescriptorPool
  let options: JSONOptions
  var output: ByteBuffer
  var depthLeft: Int

  init(pool: DescriptorPool, options: JSONOptions, capacity: Int) {
    tables = pool.tables
    self.pool = pool
    self.options = options
    output = ByteBuffer(capacity: capacity)
    depthLeft = options.depthLimit
  }

  // MARK: Messages

  /// The JSON of a message, which for well-known types need not be an object.
  mutating func message(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) throws(JSONError) {
    guard depthLeft >= 0 else { throw JSONError(.limit, "messages are nested too deep") }
    depthLeft &-= 1
    switch tables.messages[index].kind {
    case .plain:
      output.append(UInt8(ascii: "{"))
      try members(bytes, index)
      output.close(UInt8(ascii: "}"))
    case let kind: try wellKnown(kind, bytes, index)
    }
    depthLeft &+= 1
  }

  /// The fields as members of an object, each with a comma behind it.
  mutating func members(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) throws(JSONError) {
    let message = tables.messages[index]
    let shape = try MessageShape(of: bytes, message: message, tables: tables, depthLeft: depthLeft)
    if shape.isNormal {
      try normalMembers(bytes, message)
    } else {
      try normalized(bytes, message) { (printer, bytes) throws(JSONError) in try printer.normalMembers(bytes, message) }
    }
    if message.hasRequired { try checkRequired(message, shape.fields) }
    if options.printsDefaults { try defaults(message, shape.fields) }
  }

  mutating func normalized(
    _ bytes: UnsafeBufferPointer<UInt8>, _ message: MessageSchema,
    _ body: (inout JSONPrinter, UnsafeBufferPointer<UInt8>) throws(JSONError) -> Void
  ) throws(JSONError) {
    let copy = try WireNormalizer.normalize(bytes, message: message, tables: tables, depthLeft: depthLeft)
    // withUnsafeBufferPointer doesn't pass a typed error on.
    let failure = copy.withUnsafeBufferPointer { bytes -> JSONError? in
      do throws(JSONError) {
        try body(&self, bytes)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  private mutating func normalMembers(
    _ bytes: UnsafeBufferPointer<UInt8>, _ message: MessageSchema
  ) throws(JSONError) {
    var cursor = WireCursor(bytes)
    var next = try tables.nextField(&cursor, of: message, depthLeft: depthLeft)
    while let field = next {
      let start = output.count
      key(of: field.schema)
      do throws(JSONError) {
        if field.schema.isRepeated {
          let content = output.count &+ 1
          next = field.schema.isMap ? try map(&cursor, field, of: message) : try array(&cursor, field, of: message)
          // Nothing between the brackets: no elements, or only such as closed enums have no name for.
          if output.count == content &+ 1, !options.printsDefaults {
            output.truncate(to: start)
          } else {
            output.append(UInt8(ascii: ","))
          }
        } else {
          let isDefault = try value(&cursor, field.schema)
          if isDefault, !field.schema.hasPresence, !options.printsDefaults {
            output.truncate(to: start)
          } else {
            output.append(UInt8(ascii: ","))
          }
          next = try tables.nextField(&cursor, of: message, depthLeft: depthLeft)
        }
      } catch {
        throw error.inside(tables.jsonName(of: field.schema))
      }
    }
  }

  @inline(__always)
  private mutating func key(of field: FieldSchema) {
    output.append(tables.text[options.preservesProtoNames ? field.protoKey : field.jsonKey])
  }

  // MARK: Repeated fields

  /// All elements, and the field behind them.
  mutating func array(
    _ cursor: inout WireCursor, _ field: KnownField, of message: MessageSchema
  ) throws(JSONError) -> KnownField? {
    output.append(UInt8(ascii: "["))
    var next: KnownField? = field
    while let element = next, element.index == field.index {
      if element.isPacked {
        var packed = WireCursor(try cursor.jsonDelimited())
        while !packed.isAtEnd {
          let start = output.count
          let number = packed
          _ = try value(&packed, field.schema)
          if field.schema.isClosedEnum, try !isNamed(number, field.schema) {
            output.truncate(to: start)
          } else {
            output.append(UInt8(ascii: ","))
          }
        }
      } else {
        _ = try value(&cursor, field.schema)
        output.append(UInt8(ascii: ","))
      }
      next = try tables.nextField(&cursor, of: message, depthLeft: depthLeft)
    }
    output.close(UInt8(ascii: "]"))
    return next
  }

  private func isNamed(_ cursor: WireCursor, _ field: FieldSchema) throws(JSONError) -> Bool {
    var ahead = cursor
    let number = Int32(truncatingIfNeeded: try ahead.jsonVarint())
    return tables.value(number, of: tables.enums[Int(field.child)]) != nil
  }

  // MARK: What is absent

  private func checkRequired(_ message: MessageSchema, _ seen: FieldSet) throws(JSONError) {
    for index in 0..<Int(message.fieldCount) {
      let field = tables.fields[Int(message.firstField) + index]
      if field.isRequired, !seen.contains(index) {
        throw JSONError(.missingRequired, "a required field is absent").inside(tables.jsonName(of: field))
      }
    }
  }

  private mutating func defaults(_ message: MessageSchema, _ seen: FieldSet) throws(JSONError) {
    for index in 0..<Int(message.fieldCount) where !seen.contains(index) {
      let field = tables.fields[Int(message.firstField) + index]
      guard !field.hasPresence else { continue }
      key(of: field)
      if field.isMap {
        output.append("{}")
      } else if field.isRepeated {
        output.append("[]")
      } else {
        try defaultValue(field)
      }
      output.append(UInt8(ascii: ","))
    }
  }
}
