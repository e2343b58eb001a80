/// The fields of one header section as they came: names and values one behind the other in a single piece of memory, so
/// that a request costs one allocation, not one a field.
///
/// Each field is stored as two 32-bit lengths and the bytes. Counting follows RFC 9113, section 6.5.2: a field weighs its
/// name, its value and 32 bytes. What is over the limits is counted but not stored.
///
/// A copy refers to the same memory: a block is complete before anybody but its session sees it.
// @unchecked Sendable: nothing is written once the section is complete. The pointer arithmetic keeps
// `0 <= used <= capacity`, and every field that is stored lies below `used`.
public struct HeaderBlock: @unchecked Sendable {
  private struct Info {
    var used = 0
    var capacity: Int
    /// Where `:path` lies.
    var pathStart = 0
    var pathLength = 0
    var weight = 0
    var fieldCount = 0
    var isOverLimit = false
  }

  /// Most requests' fields fit in.
  private static let usualCapacity = 384
  private var storage: ManagedBuffer<Info, UInt8>?

  public init() {}

  /// More came than the limits allow: the section is incomplete.
  public var isOverLimit: Bool { storage?.header.isOverLimit ?? false }

  /// Runs `body` with the bytes of the `:path` field, empty if there is none.
  @inline(__always)
  public func withPath<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    guard let storage else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return try storage.withUnsafeMutablePointers { info, bytes in
      try body(UnsafeRawBufferPointer(start: bytes + info.pointee.pathStart, count: info.pointee.pathLength))
    }
  }

  /// Calls `body` with each field in order, pseudo-header fields first. The bytes must not leave it.
  @inline(__always)
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

  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, limits: HeaderLimits) {
    let storage = storage ?? makeStorage(Self.usualCapacity)
    let needed = storage.withUnsafeMutablePointers { info, bytes -> Int in
      info.pointee.weight += name.count + value.count + 32
      info.pointee.fieldCount += 1
      if info.pointee.weight > limits.listSize || info.pointee.fieldCount > limits.fieldCount {
        info.pointee.isOverLimit = true
        info.pointee.used = 0
        info.pointee.pathLength = 0
        return 0
      }
      let needed = info.pointee.used + 8 + name.count + value.count
      guard needed <= info.pointee.capacity else { return needed }
      Self.store(name, value, info, UnsafeMutableRawPointer(bytes))
      return 0
    }
    if needed > 0 { grow(storage, needed).withUnsafeMutablePointers { Self.store(name, value, $0, $1) } }
  }

  @inline(__always)
  private static func store(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ info: UnsafeMutablePointer<Info>,
    _ bytes: UnsafeMutableRawPointer
  ) {
    var end = bytes + info.pointee.used
    end.storeBytes(of: UInt32(truncatingIfNeeded: name.count), as: UInt32.self)
    end.storeBytes(of: UInt32(truncatingIfNeeded: value.count), toByteOffset: 4, as: UInt32.self)
    end += 8
    if let source = name.baseAddress { end.copyMemory(from: source, byteCount: name.count) }
    end += name.count
    if let source = value.baseAddress { end.copyMemory(from: source, byteCount: value.count) }
    if name.equals(":path") {
      info.pointee.pathStart = end - bytes
      info.pointee.pathLength = value.count
    }
    info.pointee.used = end + value.count - bytes
  }

  private mutating func makeStorage(_ capacity: Int) -> ManagedBuffer<Info, UInt8> {
    let made = ManagedBuffer<Info, UInt8>.create(minimumCapacity: capacity) { _ in Info(capacity: capacity) }
    storage = made
    return made
  }

  private mutating func grow(_ full: ManagedBuffer<Info, UInt8>, _ needed: Int) -> ManagedBuffer<Info, UInt8> {
    let larger = makeStorage(max(full.header.capacity * 2, needed))
    full.withUnsafeMutablePointers { info, bytes in
      larger.withUnsafeMutablePointers { newInfo, newBytes in
        let capacity = newInfo.pointee.capacity
        newInfo.pointee = info.pointee
        newInfo.pointee.capacity = capacity
        newBytes.update(from: bytes, count: info.pointee.used)
      }
    }
    return larger
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
