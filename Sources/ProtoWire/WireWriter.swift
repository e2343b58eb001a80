/// Writes a message back to front: a nested message first, and then its length, which is known by then. So it needs one
/// pass, and measures nothing twice, however deep the nesting.
///
/// The written bytes are contiguous at all times. Writing grows the buffer and can't fail.
///
/// ```swift
/// var writer = WireWriter()
/// writer.prependVarint(150)
/// writer.prependTag(WireTag.make(1, .varint))
/// writer.withUnsafeBytes { Array($0) }  // [0x08, 0x96, 0x01]
/// ```
@frozen
public struct WireWriter: ~Copyable {
  @usableFromInline var buffer: WireBuffer

  /// Whether to write map entries in the order of their keys, so that equal messages give equal bytes. The default is
  /// false.
  ///
  /// ```swift
  /// var writer = WireWriter()
  /// writer.isDeterministic = true
  /// writer.prependMessage(shape)
  /// ```
  public var isDeterministic = false

  /// - Parameter capacity: bytes to make room for at first.
  ///
  /// ```swift
  /// var writer = WireWriter(capacity: 4096)
  /// ```
  @inlinable
  public init(capacity: Int = 256) {
    buffer = WireBuffer(capacity: capacity)
  }

  /// Begins in memory that must outlive the writer.
  @inlinable
  init(scratch: UnsafeMutableRawBufferPointer) {
    if let address = scratch.baseAddress {
      buffer = WireBuffer(scratch: address, count: scratch.count)
    } else {
      buffer = WireBuffer(capacity: 16)
    }
  }

  /// How many bytes were written.
  ///
  /// ```swift
  /// writer.prependByte(0)
  /// writer.count  // one more
  /// ```
  @inlinable @inline(__always)
  public var count: Int { buffer.count }

  /// Removes all bytes, and keeps the memory.
  ///
  /// ```swift
  /// for message in messages {
  ///   writer.removeAll()
  ///   writer.prependMessage(message)
  ///   writer.withUnsafeBytes { send($0) }
  /// }
  /// ```
  @inlinable
  public mutating func removeAll() {
    buffer.removeAll()
  }

  /// The written bytes. They must not leave the closure.
  ///
  /// ```swift
  /// let bytes = writer.withUnsafeBytes { Array($0) }
  /// ```
  @inlinable
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeRawBufferPointer(start: buffer.start, count: buffer.count))
  }

  // MARK: Bytes

  /// The fields of a message, without tag and length.
  ///
  /// ```swift
  /// writer.prependMessage(point)
  /// writer.prependBigEndian(UInt32(writer.count))
  /// writer.prependByte(0)  // a gRPC message with its five bytes before it
  /// ```
  @inlinable
  public mutating func prependMessage(_ message: some WireMessage) {
    message.encodeFields(into: &self)
  }

  /// Bytes as they are.
  ///
  /// ```swift
  /// writer.prependBytes(UnsafeRawBufferPointer(start: address, count: count))
  /// ```
  @inlinable
  public mutating func prependBytes(_ bytes: UnsafeRawBufferPointer) {
    buffer.reserve(bytes.count)
    buffer.put(bytes: bytes)
  }

  /// One byte.
  ///
  /// ```swift
  /// writer.prependByte(0)
  /// ```
  @inlinable @inline(__always)
  public mutating func prependByte(_ byte: UInt8) {
    buffer.reserve(1)
    buffer.put(byte: byte)
  }

  /// Four bytes, the highest first, as in the length before a gRPC message.
  ///
  /// ```swift
  /// writer.prependBigEndian(9)  // 00 00 00 09
  /// ```
  @inlinable
  public mutating func prependBigEndian(_ value: UInt32) {
    buffer.reserve(4)
    buffer.put(fixed32: value.byteSwapped)
  }

  /// A number in groups of seven bits, the lowest first. <https://protobuf.dev/programming-guides/encoding/#varints>
  ///
  /// ```swift
  /// writer.prependVarint(150)  // 96 01
  /// ```
  @inlinable @inline(__always)
  public mutating func prependVarint(_ value: UInt64) {
    buffer.reserve(10)
    buffer.put(varint: value)
  }

  /// The tag of the field whose value was just written.
  ///
  /// ```swift
  /// writer.prependTag(WireTag.make(1, .varint))  // 08
  /// ```
  @inlinable @inline(__always)
  public mutating func prependTag(_ tag: UInt32) {
    buffer.reserve(8)
    buffer.put(tag: tag)
  }

  /// Bytes, and their length before them.
  ///
  /// ```swift
  /// bytes.withUnsafeBytes { writer.prependDelimited($0) }  // 02 61 62 of "ab"
  /// ```
  @inlinable @inline(__always)
  public mutating func prependDelimited(_ bytes: UnsafeRawBufferPointer) {
    buffer.reserve(bytes.count &+ 10)
    buffer.put(bytes: bytes)
    buffer.put(varint: UInt64(UInt(bitPattern: bytes.count)))
  }

  /// A tag, a length and a string. Not inlined: it would be most of a message's code.
  @usableFromInline @inline(never)
  mutating func prependText(_ text: String, tag: UInt32) {
    if !buffer.putShort(text: text, tag: tag) { prependLong(text, tag: tag) }
  }

  /// Strings, each behind a tag and a length. They stay where they are in memory: to load one would be to retain it.
  @usableFromInline @inline(never)
  mutating func prependTexts(_ texts: [String], tag: UInt32) {
    texts.withUnsafeBufferPointer { texts in
      var index = texts.count
      while index > 0 {
        index &-= 1
        if !buffer.putShort(text: texts[index], tag: tag) { prependLong(texts[index], tag: tag) }
      }
    }
  }

  @inline(never)
  private mutating func prependLong(_ text: String, tag: UInt32) {
    text.utf8.span.withUnsafeBytes { prependDelimited($0) }
    prependTag(tag)
  }

  /// The length of what was written since the count was `before`, and a tag.
  @inlinable @inline(__always)
  mutating func prependLength(since before: Int, tag: UInt32) {
    buffer.reserve(18)
    buffer.put(length: count &- before, tag: tag)
  }

  /// Unknown fields, unchanged.
  ///
  /// ```swift
  /// writer.prepend(unknownFields)  // first of all, so that they come last
  /// ```
  @inlinable @inline(__always)
  public mutating func prepend(_ unknownFields: UnknownFields) {
    if let bytes = unknownFields.storage {
      bytes.withUnsafeBytes { prependBytes($0) }
    }
  }
}
