/// The fields of one header section as they came: names and values one behind the other in a single piece of memory, so
/// that a request costs one allocation, not one a field.
///
/// Each field is stored as two 32-bit lengths and the bytes. Counting follows RFC 9113, section 6.5.2: a field weighs its
/// name, its value and 32 bytes. What is over the limits is counted but not stored.
public struct HeaderBlock: Sendable {
  private var storage: [UInt8] = []
  /// Where `:path` lies in the storage.
  private var pathRange: Range<Int> = 0..<0
  private var weight = 0
  private var fieldCount = 0
  /// More came than the limits allow: the section is incomplete.
  public private(set) var isOverLimit = false

  public init() {}

  /// Runs `body` with the bytes of the `:path` field, empty if there is none.
  @inline(__always)
  public func withPath<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try storage.withUnsafeBytes { bytes in try body(UnsafeRawBufferPointer(rebasing: bytes[pathRange])) }
  }

  /// Calls `body` with each field in order, pseudo-header fields first. The bytes must not leave it.
  @inline(__always)
  public func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    storage.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 8 <= bytes.count {
        let nameLength = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        let valueLength = Int(bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        let name = offset + 8
        let value = name + nameLength
        body(
          UnsafeRawBufferPointer(rebasing: bytes[name..<value]),
          UnsafeRawBufferPointer(rebasing: bytes[value..<(value + valueLength)]))
        offset = value + valueLength
      }
    }
  }

  /// The first value of a name, as text.
  public func text(_ wanted: StaticString) -> String? {
    var found: String?
    forEach { name, value in
      if found == nil, name.equals(wanted) { found = String(decoding: value, as: UTF8.self) }
    }
    return found
  }

  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, limits: HeaderLimits) {
    weight += name.count + value.count + 32
    fieldCount += 1
    if weight > limits.listSize || fieldCount > limits.fieldCount {
      isOverLimit = true
      storage = []
      pathRange = 0..<0
      return
    }
    if storage.isEmpty { storage.reserveCapacity(320) }
    withUnsafeBytes(of: (UInt32(name.count), UInt32(value.count))) { storage.append(contentsOf: $0) }
    storage.append(contentsOf: name)
    if name.equals(":path") { pathRange = storage.count..<(storage.count + value.count) }
    storage.append(contentsOf: value)
  }
}

/// How large a header section may be.
public struct HeaderLimits: Sendable {
  /// Bytes, counting each field's name, value and 32 (SETTINGS_MAX_HEADER_LIST_SIZE).
  public var listSize: Int
  /// Fields, since HPACK can make a field of one byte.
  public var fieldCount: Int

  public init(listSize: Int = 16_384, fieldCount: Int = 128) {
    self.listSize = listSize
    self.fieldCount = fieldCount
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes are those of a constant.
  @inlinable @inline(__always)
  public func equals(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    let other = UnsafeRawBufferPointer(start: text.utf8Start, count: count)
    for index in 0..<count where self[index] != other[index] { return false }
    return true
  }
}
