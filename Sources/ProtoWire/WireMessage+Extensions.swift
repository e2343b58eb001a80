/// Extensions: fields that another .proto file adds to a message, such as an option that it gives to methods.
/// Generated accessors call these functions. <https://protobuf.dev/programming-guides/proto2/#extensions>
///
/// An extension stays among the message's `unknownFields`, and each access decodes it there, by the rules for any other
/// field: the last scalar wins, messages are merged, repeated scalars may be packed or not, whatever is declared. What
/// has the number but another wire type is not the extension. All throw `WireError` where the bytes of the extension
/// are malformed: text that must be UTF-8 and is not, a message that can't be decoded or lacks a required field.
extension WireMessage {
  // MARK: Singular

  /// The value of a scalar extension or of one whose enum is open; nil if it is absent.
  ///
  /// ```swift
  /// try shape.extensionValue(100, as: WireString.self)  // "a note"
  /// ```
  public func extensionValue<C: WireScalar>(_ number: UInt32, as _: C.Type) throws(WireError) -> C.Value? {
    var value: C.Value?
    try readExtension(number) { (reader: inout WireReader, type: WireType?) throws(WireError) -> Bool in
      guard type == C.wireType else { return false }
      value = try C.read(from: &reader)
      return true
    }
    return value
  }

  /// The value of an extension whose enum is closed; nil if it is absent. A number without a name does not count.
  ///
  /// ```swift
  /// try shape.extensionValue(101, closed: Kind.self)  // .round
  /// ```
  public func extensionValue<E: WireClosedEnum>(_ number: UInt32, closed _: E.Type) throws(WireError) -> E? {
    var value: E?
    try readExtension(number) { (reader: inout WireReader, type: WireType?) throws(WireError) -> Bool in
      guard type == .varint else { return false }
      value = E(rawValue: try reader.read(WireInt32.self)) ?? value
      return true
    }
    return value
  }

  /// The message that an extension is, merged from all its occurrences; nil if it is absent.
  ///
  /// ```swift
  /// try shape.extensionValue(102, message: Point.self)  // a Point
  /// ```
  /// - Parameter isGroup: whether it stands between tags of its own instead of behind a length.
  public func extensionValue<M: WireMessage>(
    _ number: UInt32, message _: M.Type, isGroup: Bool = false
  ) throws(WireError) -> M? {
    var value: M?
    try readExtension(number) { (reader: inout WireReader, type: WireType?) throws(WireError) -> Bool in
      switch (type, isGroup) {
      case (.delimited, false): try reader.readMessage(into: &value)
      case (.startGroup, true): try reader.readGroup(into: &value, number: number)
      default: return false
      }
      return true
    }
    try WireRequired.check(in: value, number, of: Self.self)
    return value
  }

  // MARK: Repeated

  /// The values of a repeated scalar extension or of one whose enum is open.
  ///
  /// ```swift
  /// try shape.extensionValues(103, as: WireInt32.self)  // [1, 2]
  /// ```
  public func extensionValues<C: WireScalar>(_ number: UInt32, as _: C.Type) throws(WireError) -> [C.Value] {
    var values: [C.Value] = []
    try readExtension(number) { (reader: inout WireReader, type: WireType?) throws(WireError) -> Bool in
      if type == C.wireType {
        values.append(try C.read(from: &reader))
      } else if type == .delimited {
        try reader.readPackedValues(C.self, appendingTo: &values)
      } else {
        return false
      }
      return true
    }
    return values
  }

  /// The values of a repeated extension whose enum is closed, without the numbers that have no name.
  ///
  /// ```swift
  /// try shape.extensionValues(104, closed: Kind.self)  // [.round, .square]
  /// ```
  public func extensionValues<E: WireClosedEnum>(_ number: UInt32, closed _: E.Type) throws(WireError) -> [E] {
    try extensionValues(number, as: WireInt32.self).compactMap { E(rawValue: $0) }
  }

  /// The messages that a repeated extension holds.
  ///
  /// ```swift
  /// try shape.extensionValues(105, message: Point.self)  // [a Point, another]
  /// ```
  /// - Parameter isGroup: whether each stands between tags of its own instead of behind a length.
  public func extensionValues<M: WireMessage>(
    _ number: UInt32, message _: M.Type, isGroup: Bool = false
  ) throws(WireError) -> [M] {
    var values: [M] = []
    try readExtension(number) { (reader: inout WireReader, type: WireType?) throws(WireError) -> Bool in
      switch (type, isGroup) {
      case (.delimited, false): try reader.readMessage(appendingTo: &values)
      case (.startGroup, true): try reader.readGroup(appendingTo: &values, number: number)
      default: return false
      }
      return true
    }
    try WireRequired.check(inEach: values, number, of: Self.self)
    return values
  }

  // MARK: Writing

  /// Replaces an extension by what `write` writes: fields of its number, or nothing, which removes it.
  ///
  /// ```swift
  /// shape.setExtension(100) { $0.prepend("a note", as: WireString.self, tag: WireTag.make(100, .delimited)) }
  /// ```
  public mutating func setExtension(_ number: UInt32, _ write: (inout WireWriter) -> Void) {
    unknownFields.removeAll(number: number)
    var writer = WireWriter()
    write(&writer)
    writer.withUnsafeBytes { unknownFields.append($0) }
  }

  // MARK: Reading

  /// Offers each field of the number to `take`, which reads it or returns false, and skips all others.
  private func readExtension(
    _ number: UInt32, _ take: (inout WireReader, WireType?) throws(WireError) -> Bool
  ) throws(WireError) {
    guard let fields = unknownFields.storage else { return }
    do throws(WireError) {
      try fields.span.withUnsafeBytes { (bytes) throws(WireError) in
        guard let start = bytes.baseAddress else { return }
        var reader = WireReader(WireCursor(position: start, end: start + bytes.count), options: .init())
        while case let tag = try reader.nextTag(), tag != 0 {
          if WireTag.fieldNumber(of: tag) == number, try take(&reader, WireType(rawValue: tag & 7)) { continue }
          _ = try reader.skipOrEndGroup(tag)
        }
      }
    } catch {
      throw error.located(in: Self.self, field: number)
    }
  }
}

extension WireReader {
  /// Scalars of any kind behind one tag and a length.
  fileprivate mutating func readPackedValues<C: WireScalar>(
    _: C.Type, appendingTo values: inout [C.Value]
  ) throws(WireError) {
    let length = try cursor.length()
    let outerEnd = cursor.end
    cursor.end = cursor.position + length
    while !cursor.isAtEnd { values.append(try C.read(from: &self)) }
    cursor.end = outerEnd
  }
}

extension UnknownFields {
  /// Removes the fields of a number. What is not a whole field is kept, with all behind it.
  fileprivate mutating func removeAll(number: UInt32) {
    guard let fields = storage else { return }
    var kept = UnknownFields()
    fields.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      var cursor = WireCursor(position: start, end: start + bytes.count)
      while !cursor.isAtEnd {
        let field = cursor.position
        var isWanted = false
        do throws(WireError) {
          let tag = try cursor.tag()
          try cursor.skipValue(of: tag, depthLeft: WireDecodingOptions().depthLimit)
          isWanted = WireTag.fieldNumber(of: tag) != number
        } catch {
          cursor.position = cursor.end
          isWanted = true
        }
        if isWanted { kept.append(UnsafeRawBufferPointer(start: field, count: cursor.position - field)) }
      }
    }
    self = kept
  }
}
