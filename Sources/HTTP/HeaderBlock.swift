// @unchecked Sendable: its memory is never written after init. `HeaderCollector` says why the pointer arithmetic is
// safe.
/// The fields of one header section as they came: names and values one behind the other in a single piece of memory, so
/// that a request costs one allocation, not one a field. Each field is stored as two 32-bit lengths and the bytes.
///
/// A copy refers to the same memory, which is never written again.
public struct HeaderBlock: @unchecked Sendable {
  @usableFromInline struct Info {
    @usableFromInline var used = 0
    /// Where `:path` lies.
    @usableFromInline var pathStart = 0
    @usableFromInline var pathLength = 0
    /// `:method` is HEAD.
    var isHEAD = false
    var isOverLimit = false
  }

  @usableFromInline var storage: ManagedBuffer<Info, UInt8>?

  /// A section without fields.
  public init() {}

  init(_ info: Info, _ bytes: UnsafeMutableRawPointer?) {
    let made = ManagedBuffer<Info, UInt8>.create(minimumCapacity: info.used) { _ in info }
    if let bytes {
      made.withUnsafeMutablePointerToElements {
        UnsafeMutableRawPointer($0).copyMemory(from: bytes, byteCount: info.used)
      }
    }
    storage = made
  }

  /// More came than the limits allow: the section is incomplete.
  public var isOverLimit: Bool { storage?.withUnsafeMutablePointerToHeader { $0.pointee.isOverLimit } ?? false }

  /// The method is HEAD.
  var isHEAD: Bool { storage?.withUnsafeMutablePointerToHeader { $0.pointee.isHEAD } ?? false }

  /// Runs `body` with the bytes of the `:path` field, empty if there is none.
  @inlinable @inline(__always)
  public func withPath<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    guard let storage else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return try storage.withUnsafeMutablePointers { info, bytes in
      try body(UnsafeRawBufferPointer(start: bytes + info.pointee.pathStart, count: info.pointee.pathLength))
    }
  }

  /// Calls `body` with each field in order, pseudo-header fields first. The bytes must not leave it.
  @inlinable @inline(__always)
  public func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    storage?.withUnsafeMutablePointers { info, bytes in
      let bytes = UnsafeRawPointer(bytes)
      var offset = 0
      while offset < info.pointee.used {
        let nameLength = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        let valueLength = Int(bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        let name = bytes + offset + 8
        body(
          UnsafeRawBufferPointer(start: name, count: nameLength),
          UnsafeRawBufferPointer(start: name + nameLength, count: valueLength))
        offset += 8 + nameLength + valueLength
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
}

/// How large a header section may be.
public struct HeaderLimits: Sendable {
  /// Bytes, counting each field's name, value and 32 (SETTINGS_MAX_HEADER_LIST_SIZE).
  public var listSize: Int
  /// Fields, since HPACK can make a field of one byte.
  public var fieldCount: Int

  /// - Parameters:
  ///   - listSize: bytes, counted as in RFC 9113, section 6.5.2: name and value, and 32 for each field.
  ///   - fieldCount: fields.
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
