/// Bytes that grow towards the end.
///
/// The argument for its pointers' safety: `count <= capacity` always holds, every store is behind `reserve`, the memory
/// is owned by this noncopyable value alone, and what reads (`withBytes`, `last`, `close`) stays below `count`.
struct ByteBuffer: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int) {
    self.capacity = Swift.max(capacity, 64)
    base = .allocate(capacity: self.capacity)
  }

  deinit {
    base.deallocate()
  }

  @inline(__always)
  mutating func reserve(_ size: Int) {
    if capacity &- count < size { grow(size) }
  }

  @inline(never)
  private mutating func grow(_ size: Int) {
    // Sizes come from what is in memory already, so that the sum can't overflow.
    let newCapacity = Swift.max(capacity &* 2, count &+ size)
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
    memory.update(from: base, count: count)
    base.deallocate()
    base = memory
    capacity = newCapacity
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1)
    base[count] = byte
    count &+= 1
  }

  @inline(__always)
  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    (base + count).update(from: source, count: bytes.count)
    count &+= bytes.count
  }

  mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append($0) }
  }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  @inline(__always)
  mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    reserve(MemoryLayout<T>.size)
    UnsafeMutableRawPointer(base + count).storeBytes(of: value.littleEndian, as: T.self)
    count &+= MemoryLayout<T>.size
  }

  @inline(__always)
  mutating func append(varint value: UInt64) {
    reserve(10)
    var value = value
    while value >= 0x80 {
      base[count] = UInt8(truncatingIfNeeded: value) | 0x80
      count &+= 1
      value &>>= 7
    }
    base[count] = UInt8(truncatingIfNeeded: value)
    count &+= 1
  }

  /// In decimal digits.
  mutating func append(decimal value: UInt64) {
    reserve(20)
    var digits = 1
    var limit: UInt64 = 10
    while digits < 20, value >= limit {
      digits &+= 1
      let (next, overflow) = limit.multipliedReportingOverflow(by: 10)
      if overflow { break }
      limit = next
    }
    var rest = value
    var position = count &+ digits
    repeat {
      position &-= 1
      base[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while position > count
    count &+= digits
  }

  mutating func append(decimal value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  /// The last `width` digits, zeros before them.
  mutating func append(decimal value: UInt64, width: Int) {
    reserve(width)
    var rest = value
    var position = count &+ width
    while position > count {
      position &-= 1
      base[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    count &+= width
  }

  /// Drops what is behind the first `count` bytes.
  @inline(__always)
  mutating func truncate(to count: Int) {
    self.count = Swift.min(self.count, count)
  }

  /// Ends a JSON object or array, replacing the comma behind its last member.
  @inline(__always)
  mutating func close(_ bracket: UInt8) {
    if count > 0, base[count &- 1] == UInt8(ascii: ",") { count &-= 1 }
    append(bracket)
  }

  /// Reserves one byte for the length of what is appended next; most lengths need no more.
  @inline(__always)
  mutating func beginLength() -> Int {
    append(0)
    return count
  }

  /// Writes the length of all that was appended since `mark`, and moves those bytes if the length needs more than one.
  @inline(__always)
  mutating func endLength(_ mark: Int) {
    let length = count &- mark
    if length < 0x80 {
      base[mark &- 1] = UInt8(truncatingIfNeeded: length)
    } else {
      endLongLength(mark)
    }
  }

  @inline(never)
  private mutating func endLongLength(_ mark: Int) {
    let length = count &- mark
    var extra = 0
    var rest = length &>> 7
    while rest > 0 {
      extra &+= 1
      rest &>>= 7
    }
    reserve(extra)
    (base + mark + extra).update(from: base + mark, count: length)
    count = mark &- 1
    append(varint: UInt64(length))
    count = mark &+ extra &+ length
  }

  borrowing func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    try body(UnsafeBufferPointer(start: base, count: count))
  }

  /// Appends a copy of a part of the buffer.
  borrowing func bytes(from start: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: base + start, count: Swift.max(count &- start, 0))
  }

  borrowing func array() -> [UInt8] {
    withBytes { [UInt8]($0) }
  }
}
