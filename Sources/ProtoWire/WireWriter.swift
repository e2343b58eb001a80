/// Writes a message back to front: a nested message is written first, and then its length, which is known by then. So there
/// is one pass, and nothing is measured twice however deep the nesting.
///
/// The written bytes are contiguous at all times. Writing grows the buffer and can't fail.
@frozen
public struct WireWriter: ~Copyable {
  @usableFromInline var buffer: WireBuffer

  /// Writes map entries in the order of their keys, so that equal messages become equal bytes. Off unless asked for.
  public var isDeterministic = false

  /// - Parameter capacity: bytes to make room for at first.
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
  @inlinable @inline(__always)
  public var count: Int { buffer.count }

  /// Forgets what was written and keeps the room.
  @inlinable
  public mutating func removeAll() {
    buffer.removeAll()
  }

  /// The written bytes. They must not leave the closure.
  @inlinable
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeRawBufferPointer(start: buffer.start, count: buffer.count))
  }

  // MARK: Bytes

  /// The fields of a message, without tag and length.
  @inlinable
  public mutating func prependMessage(_ message: some WireMessage) {
    message.encodeFields(into: &self)
  }

  @inlinable
  public mutating func prependBytes(_ bytes: UnsafeRawBufferPointer) {
    buffer.reserve(bytes.count)
    buffer.put(bytes: bytes)
  }

  @inlinable @inline(__always)
  public mutating func prependByte(_ byte: UInt8) {
    buffer.reserve(1)
    buffer.put(byte: byte)
  }

  /// Four bytes, the highest first, as in the length before a gRPC message.
  @inlinable
  public mutating func prependBigEndian(_ value: UInt32) {
    buffer.reserve(4)
    buffer.put(fixed32: value.byteSwapped)
  }

  @inlinable @inline(__always)
  public mutating func prependVarint(_ value: UInt64) {
    buffer.reserve(10)
    buffer.put(varint: value)
  }

  @inlinable @inline(__always)
  public mutating func prependTag(_ tag: UInt32) {
    buffer.reserve(8)
    buffer.put(tag: tag)
  }

  /// Bytes, and their length before them.
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

  /// Fields that were kept as they came.
  @inlinable @inline(__always)
  public mutating func prepend(_ unknownFields: UnknownFields) {
    if let bytes = unknownFields.storage {
      bytes.withUnsafeBytes { prependBytes($0) }
    }
  }

  // MARK: Fields

  /// A field, whatever its value.
  @inlinable @inline(__always)
  public mutating func prepend<C: WireScalar>(_ value: C.Value, as _: C.Type, tag: UInt32) {
    C.prepend(value, tag: tag, to: &self)
  }

  /// A field that is left out when it is nil.
  @inlinable @inline(__always)
  public mutating func prepend<C: WireScalar>(ifPresent value: C.Value?, as _: C.Type, tag: UInt32) {
    if let value {
      C.prepend(value, tag: tag, to: &self)
    }
  }

  /// A field that is left out when it has its type's default: that of proto3 without `optional`.
  @inlinable @inline(__always)
  public mutating func prepend<C: WireScalar>(ifNotDefault value: C.Value, as _: C.Type, tag: UInt32) {
    if !C.isDefault(value) {
      C.prepend(value, tag: tag, to: &self)
    }
  }

  /// A message field.
  @inlinable
  public mutating func prepend<M: WireMessage>(message: borrowing M, tag: UInt32) {
    let before = count
    message.encodeFields(into: &self)
    prependLength(since: before, tag: tag)
  }

  /// A message field that is left out when it is nil.
  @inlinable
  public mutating func prepend<M: WireMessage>(message: borrowing M?, tag: UInt32) {
    if let message = copy message {
      prepend(message: message, tag: tag)
    }
  }

  /// A group field.
  @inlinable
  public mutating func prepend<M: WireMessage>(group message: borrowing M, number: UInt32) {
    prependTag(WireTag.make(number, .endGroup))
    message.encodeFields(into: &self)
    prependTag(WireTag.make(number, .startGroup))
  }

  /// A group field that is left out when it is nil.
  @inlinable
  public mutating func prepend<M: WireMessage>(group message: borrowing M?, number: UInt32) {
    if let message = copy message {
      prepend(group: message, number: number)
    }
  }
}
