extension DescriptorPool {
  /// Checks that bytes are a message of a type, including what a message's own decoding does not check: extensions,
  /// which messages keep undecoded as unknown fields, and the content of message sets.
  ///
  /// ```swift
  /// let message = try Order(wireBytes: bytes)
  /// try pool.check(wire: bytes, messageName: Order.messageName)
  /// ```
  /// - Parameters:
  ///   - bytes: An encoded message.
  ///   - messageName: The full name of its type, such as `users.v1.User`.
  ///   - depthLimit: How many messages may be nested inside the outermost one, those of extensions included.
  /// - Throws: `JSONError` with the path of the fault: of the code `.wire` for fields cut short, unbalanced groups and
  ///   strings that are not UTF-8 but should be, `.limit` for messages nested too deep, `.unknownType` for a type that
  ///   the pool does not know.
  public func check(wire bytes: [UInt8], messageName: String, depthLimit: Int = 100) throws(JSONError) {
    let index = try messageIndex(messageName)
    let checker = WireChecker(tables: tables)
    try withExtendedLifetime(self) {
      bytes.withUnsafeBufferPointer { bytes -> Result<Void, JSONError> in
        do throws(JSONError) {
          return .success(try checker.check(bytes, index, depthLeft: depthLimit))
        } catch {
          return .failure(error)
        }
      }
    }.get()
  }
}

/// Walks a message by its schema, which knows extensions.
private struct WireChecker {
  let tables: SchemaTables

  func check(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, depthLeft: Int) throws(JSONError) {
    let message = tables.messages[index]
    if message.isMessageSet { try checkItems(bytes, of: message, depthLeft: depthLeft) }
    var cursor = WireCursor(bytes)
    while let field = try tables.nextField(&cursor, of: message, depthLeft: depthLeft) {
      let schema = field.schema
      do throws(JSONError) {
        if schema.kind.isMessage {
          try descend(try cursor.jsonMessage(schema, depthLeft: depthLeft), schema, depthLeft: depthLeft)
        } else if schema.kind == .string, schema.isUTF8 {
          try checkUTF8(try cursor.jsonDelimited(), .wire)
        } else {
          try cursor.skip(field, depthLeft: depthLeft)
        }
      } catch {
        throw error.inside(tables.jsonName(of: schema))
      }
    }
  }

  /// A map entry does not count as a level: see `WireReader`.
  private func descend(
    _ bytes: UnsafeBufferPointer<UInt8>, _ field: FieldSchema, depthLeft: Int
  ) throws(JSONError) {
    guard depthLeft > 0 else { throw JSONError(.limit, "messages are nested too deep") }
    try check(bytes, Int(field.child), depthLeft: field.isMap ? depthLeft : depthLeft &- 1)
  }

  /// The extensions of a message set are groups of field 1, of a type's number and a message, in either order.
  /// <https://protobuf.dev/reference/cpp/api-docs/google.protobuf.descriptor.pb/#MessageOptions>
  private func checkItems(
    _ bytes: UnsafeBufferPointer<UInt8>, of message: MessageSchema, depthLeft: Int
  ) throws(JSONError) {
    var cursor = WireCursor(bytes)
    while let tag = try cursor.jsonTag() {
      guard tag == WireTag.make(1, .startGroup) else {
        try cursor.jsonSkip(tag, depthLeft: depthLeft)
        continue
      }
      var item = WireCursor(try cursor.jsonGroup(1, depthLeft: depthLeft))
      var number: UInt64?
      var content: UnsafeBufferPointer<UInt8>?
      while let tag = try item.jsonTag() {
        switch tag {
        case WireTag.make(2, .varint): number = try item.jsonVarint()
        case WireTag.make(3, .delimited): content = try item.jsonDelimited()
        default: try item.jsonSkip(tag, depthLeft: depthLeft)
        }
      }
      guard let number, let content, let number = UInt32(exactly: number) else { continue }
      let index = tables.field(number: number, in: message)
      guard index >= 0 else { continue }
      let field = tables.fields[Int(message.firstField) &+ index]
      guard field.kind.isMessage else { continue }
      do throws(JSONError) {
        try descend(content, field, depthLeft: depthLeft)
      } catch {
        throw error.inside(tables.jsonName(of: field))
      }
    }
  }
}
