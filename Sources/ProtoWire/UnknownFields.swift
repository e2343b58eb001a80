/// The fields that a message's definition does not know, byte for byte as received. Takes one word of memory, which is
/// zero if there are none.
///
/// ```swift
/// let old = try OldShape(wireBytes: new.wireBytes())
/// old.unknownFields.isEmpty  // false: a field was added since
/// old.wireBytes()            // it is still in there
/// ```
@frozen
public struct UnknownFields: Sendable, Hashable {
  // nil, never an empty array, when there are none: copying nil costs no reference counting.
  @usableFromInline var storage: [UInt8]?

  /// No fields.
  @inlinable @inline(__always)
  public init() {
    storage = nil
  }

  /// Fields that are serialized already. The bytes must be complete fields.
  ///
  /// ```swift
  /// // Field 15, a varint of 1.
  /// shape.unknownFields = UnknownFields(wireBytes: [0x78, 0x01])
  /// ```
  @inlinable
  public init(wireBytes: [UInt8]) {
    storage = wireBytes.isEmpty ? nil : wireBytes
  }

  /// Whether there are none.
  ///
  /// ```swift
  /// UnknownFields().isEmpty  // true
  /// ```
  @inlinable @inline(__always)
  public var isEmpty: Bool { storage == nil }

  /// The fields with their tags, in the order in which they were received.
  ///
  /// ```swift
  /// UnknownFields(wireBytes: [0x78, 0x01]).wireBytes  // [0x78, 0x01]
  /// ```
  @inlinable
  public var wireBytes: [UInt8] { storage ?? [] }

  @usableFromInline
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard !bytes.isEmpty else { return }
    if storage == nil {
      storage = [UInt8](bytes)
    } else {
      storage?.append(contentsOf: bytes)
    }
  }

  /// Adds a varint field, as for a number that a closed enum has no value for.
  @usableFromInline
  mutating func append(fieldNumber: UInt32, varint: UInt64) {
    var writer = WireWriter(capacity: 16)
    writer.prependVarint(varint)
    writer.prependTag(WireTag.make(fieldNumber, .varint))
    writer.withUnsafeBytes { append($0) }
  }
}
