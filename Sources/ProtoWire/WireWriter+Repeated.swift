extension WireWriter {
  /// Each value behind a tag of its own.
  ///
  /// ```swift
  /// writer.prepend(repeated: tags, as: WireString.self, tag: WireTag.make(2, .delimited))
  /// ```
  @inlinable @inline(__always)
  public mutating func prepend<C: WireScalar>(repeated values: [C.Value], as _: C.Type, tag: UInt32) {
    C.prepend(repeated: values, tag: tag, to: &self)
  }

  /// Each message behind a tag of its own.
  ///
  /// ```swift
  /// writer.prepend(messages: parts, tag: WireTag.make(6, .delimited))
  /// ```
  @inlinable
  public mutating func prepend<M: WireMessage>(messages: [M], tag: UInt32) {
    messages.withUnsafeBufferPointer { messages in
      var index = messages.count
      while index > 0 {
        index &-= 1
        prepend(message: messages[index], tag: tag)
      }
    }
  }

  /// Each group between tags of its own.
  ///
  /// ```swift
  /// writer.prepend(groups: holes, number: 8)
  /// ```
  @inlinable
  public mutating func prepend<M: WireMessage>(groups messages: [M], number: UInt32) {
    for message in messages.reversed() {
      prepend(group: message, number: number)
    }
  }

  /// All values behind one tag and a length; nothing if there are none.
  ///
  /// ```swift
  /// writer.prepend(packed: corners, as: WireSInt32.self, tag: WireTag.make(3, .delimited))
  /// ```
  @inlinable
  public mutating func prepend<C: WireVarintScalar>(packed values: [C.Value], as _: C.Type, tag: UInt32) {
    guard !values.isEmpty else { return }
    let before = count
    values.withUnsafeBufferPointer { values in
      var end = values.count
      while end > 0 {
        // Reserves room for many at once, rather than for each.
        let begin = Swift.max(end &- 256, 0)
        buffer.reserve((end &- begin) &* 10)
        buffer.put(varints: begin..<end) { C.varint(of: values[$0]) }
        end = begin
      }
    }
    prependLength(since: before, tag: tag)
  }

  /// All values behind one tag and a length; nothing if there are none.
  ///
  /// ```swift
  /// writer.prepend(packed: weights, as: WireDouble.self, tag: WireTag.make(4, .delimited))
  /// ```
  @inlinable
  public mutating func prepend<C: WireFixedScalar>(packed values: [C.Value], as _: C.Type, tag: UInt32) {
    guard !values.isEmpty else { return }
    #if _endian(little)
      values.withUnsafeBytes { prependDelimited($0) }
    #else
      let before = count
      for value in values.reversed() { C.prepend(value, to: &self) }
      prependVarint(UInt64(UInt(bitPattern: count &- before)))
    #endif
    prependTag(tag)
  }

  /// Each entry as a message of key and value.
  ///
  /// ```swift
  /// writer.prepend(map: sizes, key: WireString.self, value: WireInt32.self, tag: WireTag.make(9, .delimited))
  /// ```
  @inlinable
  public mutating func prepend<K: WireMapKey, V: WireCodec>(
    map: [K.Value: V.Value], key: K.Type, value: V.Type, tag: UInt32
  ) {
    if map.isEmpty { return }
    if isDeterministic {
      for entry in map.sorted(by: { K.precedes($0.key, $1.key) }).reversed() {
        prependEntry(K.self, V.self, entry.key, entry.value, tag)
      }
    } else {
      for entry in map {
        prependEntry(K.self, V.self, entry.key, entry.value, tag)
      }
    }
  }

  @inlinable @inline(__always)
  mutating func prependEntry<K: WireMapKey, V: WireCodec>(
    _: K.Type, _: V.Type, _ key: K.Value, _ value: V.Value, _ tag: UInt32
  ) {
    let before = count
    V.prepend(value, tag: WireTag.make(2, V.wireType), to: &self)
    K.prepend(key, tag: WireTag.make(1, K.wireType), to: &self)
    prependLength(since: before, tag: tag)
  }
}

/// A message as the value of a map.
///
/// ```swift
/// try reader.readMapEntry(into: &named, key: WireString.self, value: WireSubmessage<Shape>.self)
/// ```
public enum WireSubmessage<M: WireMessage>: WireCodec {
  /// A length, then the message's fields.
  @inlinable
  public static var wireType: WireType { .delimited }
  /// A message none of whose fields is set.
  @inlinable
  public static var defaultValue: M { M() }

  /// Reads a length and the fields behind it, and merges them into the value: fields that are read replace or extend
  /// its own. <https://protobuf.dev/programming-guides/encoding/#last-one-wins>
  /// - Throws: `WireError` if the bytes are damaged, or messages are nested deeper than the reader allows.
  @inlinable
  public static func read(from reader: inout WireReader, into value: inout M) throws(WireError) {
    try reader.readMessage(into: &value)
  }

  /// Writes the message's fields, and their length in bytes before them.
  @inlinable
  public static func prepend(_ value: M, to writer: inout WireWriter) {
    let before = writer.count
    value.encodeFields(into: &writer)
    writer.prependVarint(UInt64(UInt(bitPattern: writer.count &- before)))
  }
}
