/// Takes the fields of the header section that is being received. The sections of a connection come one after the other
/// (RFC 9113, section 4.3), so a session has one collector; each section that is whole becomes a `HeaderBlock` of just
/// its size.
///
/// Counting follows RFC 9113, section 6.5.2: a field weighs its name, its value and 32 bytes. What is over the limits
/// is counted but not stored.
// The pointer arithmetic keeps `0 <= used <= capacity`, and every field that is stored lies below `used`.
struct HeaderCollector: ~Copyable {
  /// Most requests' fields fit in. More memory than this is given back after a section.
  private static let usualCapacity = 384

  private var bytes: UnsafeMutableRawPointer?
  private var capacity = 0
  private var info = HeaderBlock.Info()
  private var weight = 0
  private var fieldCount = 0

  /// More came than the limits allow.
  var isOverLimit: Bool { info.isOverLimit }

  /// Another section begins; what came of one before it is dropped.
  mutating func begin() {
    info = HeaderBlock.Info()
    weight = 0
    fieldCount = 0
  }

  @inline(__always)
  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, limits: HeaderLimits) {
    // A frame's bytes bound them all.
    let size = 8 &+ name.count &+ value.count
    weight &+= size &+ 24
    fieldCount &+= 1
    guard weight <= limits.listSize, fieldCount <= limits.fieldCount else {
      info = HeaderBlock.Info(isOverLimit: true)
      return
    }
    var end = room(for: size)
    end.storeBytes(of: UInt32(truncatingIfNeeded: name.count), as: UInt32.self)
    end.storeBytes(of: UInt32(truncatingIfNeeded: value.count), toByteOffset: 4, as: UInt32.self)
    end += 8
    if let source = name.baseAddress { end.copyMemory(from: source, byteCount: name.count) }
    end += name.count
    if let source = value.baseAddress { end.copyMemory(from: source, byteCount: value.count) }
    if name.equals(":path") {
      info.pathStart = info.used &+ 8 &+ name.count
      info.pathLength = value.count
    } else if value.equals("HEAD"), name.equals(":method") {
      info.isHEAD = true
    }
    info.used &+= size
  }

  /// The section is whole.
  mutating func finish() -> HeaderBlock {
    let block = HeaderBlock(info, bytes)
    if capacity > Self.usualCapacity { free() }
    return block
  }

  /// Gives the memory back: a connection without streams may stay so for long.
  mutating func releaseMemory() {
    begin()
    free()
  }

  @inline(__always)
  private mutating func room(for count: Int) -> UnsafeMutableRawPointer {
    if let bytes, info.used &+ count <= capacity { return bytes + info.used }
    return grow(to: info.used + count)
  }

  @inline(never)
  private mutating func grow(to needed: Int) -> UnsafeMutableRawPointer {
    let larger = max(capacity * 2, needed, Self.usualCapacity)
    let made = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
    if let bytes { made.copyMemory(from: bytes, byteCount: info.used) }
    free()
    bytes = made
    capacity = larger
    return made + info.used
  }

  private mutating func free() {
    bytes?.deallocate()
    bytes = nil
    capacity = 0
  }

  deinit { bytes?.deallocate() }
}
