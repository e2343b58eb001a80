// Reads that report errors as `JSONError`, and the walk over the known fields of a message.

extension WireCursor {
  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    // Empty buffers may have no address; the cursor never reads at `end`.
    let start = UnsafeRawPointer(bytes.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped)
    self.init(position: start, end: start + bytes.count)
  }

  @inline(never)
  private static func fault(_ error: WireError) -> JSONError {
    error.code == .depthExceeded
      ? JSONError(.limit, "messages are nested too deep") : JSONError(.wire, error.description)
  }

  @inline(__always)
  mutating func jsonVarint() throws(JSONError) -> UInt64 {
    do throws(WireError) { return try varint() } catch { throw Self.fault(error) }
  }

  @inline(__always)
  mutating func jsonFixed32() throws(JSONError) -> UInt32 {
    do throws(WireError) { return try fixed32() } catch { throw Self.fault(error) }
  }

  @inline(__always)
  mutating func jsonFixed64() throws(JSONError) -> UInt64 {
    do throws(WireError) { return try fixed64() } catch { throw Self.fault(error) }
  }

  @inline(__always)
  mutating func jsonDelimited() throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    do throws(WireError) { return try delimited() } catch { throw Self.fault(error) }
  }

  /// A tag; nil at the end.
  @inline(__always)
  mutating func jsonTag() throws(JSONError) -> UInt32? {
    guard !isAtEnd else { return nil }
    if position.load(as: UInt8.self) < 0x80, position.load(as: UInt8.self) >= 8 {
      defer { position += 1 }
      return UInt32(position.load(as: UInt8.self))
    }
    do throws(WireError) { return try tag() } catch { throw Self.fault(error) }
  }

  @inline(__always)
  mutating func jsonSkip(_ tag: UInt32, depthLeft: Int) throws(JSONError) {
    do throws(WireError) { try skipValue(of: tag, depthLeft: depthLeft) } catch { throw Self.fault(error) }
  }

  /// The fields of a group whose start tag was just read.
  mutating func jsonGroup(_ number: UInt32, depthLeft: Int) throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    let start = position
    let end = WireTag.make(number, .endGroup)
    while true {
      let tagStart = position
      guard let tag = try jsonTag() else { throw Self.fault(WireError(.unbalancedGroup)) }
      if tag == end {
        return UnsafeBufferPointer(
          start: start.assumingMemoryBound(to: UInt8.self), count: tagStart - start)
      }
      try jsonSkip(tag, depthLeft: depthLeft)
    }
  }

  /// The content of a message field: of a group, or behind a length.
  @inline(__always)
  mutating func jsonMessage(_ field: FieldSchema, depthLeft: Int) throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    field.kind == .group ? try jsonGroup(field.number, depthLeft: depthLeft) : try jsonDelimited()
  }
}

/// A field of a message that the schema knows, in its wire form.
struct KnownField {
  /// Within the message.
  let index: Int
  let schema: FieldSchema
  let isPacked: Bool
}

extension SchemaTables {
  /// Steps to the next field that the schema knows, in a wire type that it may have; the cursor is then at its value.
  /// Others are skipped, and so are numbers that a closed enum has no name for. Nil at the end.
  @inline(__always)
  func nextField(
    _ cursor: inout WireCursor, of message: MessageSchema, depthLeft: Int
  ) throws(JSONError) -> KnownField? {
    while let tag = try cursor.jsonTag() {
      let index = field(number: WireTag.fieldNumber(of: tag), in: message)
      if index >= 0 {
        let schema = fields[Int(message.firstField) &+ index]
        if tag == schema.tag {
          let isKnown = schema.isClosedEnum ? try isNamed(cursor, schema) : true
          if isKnown { return KnownField(index: index, schema: schema, isPacked: false) }
        } else if schema.isRepeated, tag & 7 == WireType.delimited.rawValue, schema.kind.isPackable {
          return KnownField(index: index, schema: schema, isPacked: true)
        }
      }
      try cursor.jsonSkip(tag, depthLeft: depthLeft)
    }
    return nil
  }

  /// Whether the enum has a name for the number at the cursor.
  private func isNamed(_ cursor: WireCursor, _ field: FieldSchema) throws(JSONError) -> Bool {
    var ahead = cursor
    let number = Int32(truncatingIfNeeded: try ahead.jsonVarint())
    return value(number, of: enums[Int(field.child)]) != nil
  }
}
