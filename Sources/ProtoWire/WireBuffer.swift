/// Bytes that grow towards the front and are always contiguous.
///
/// This file and WireCursor.swift hold the module's pointer arithmetic. The argument for its safety: `base <= start <=
/// end` always holds; `start` moves down only after `reserve` made room; the buffer is noncopyable, so nothing else has
/// its pointers.
@frozen @usableFromInline
struct WireBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var start: UnsafeMutableRawPointer
  @usableFromInline var end: UnsafeMutableRawPointer
  /// Keeps the memory; nil while that is somebody else's scratch space.
  @usableFromInline var owner: Memory?

  // An object, since raw allocation goes through posix_memalign on Linux, which takes longer than malloc.
  @usableFromInline typealias Memory = ManagedBuffer<Void, UInt64>

  @inlinable
  init(capacity: Int) {
    let words = (Swift.max(capacity, 16) &+ 7) / 8
    let memory = Memory.create(minimumCapacity: words) { _ in }
    base = memory.withUnsafeMutablePointerToElements { UnsafeMutableRawPointer($0) }
    end = base + words &* 8
    start = end
    owner = memory
  }

  /// Begins in `scratch`, which must outlive the buffer, and moves to memory of its own when that is full.
  @inlinable
  init(scratch: UnsafeMutableRawPointer, count: Int) {
    base = scratch
    end = scratch + count
    start = end
    owner = nil
  }

  @inlinable @inline(__always)
  var count: Int { end - start }

  @inlinable @inline(__always)
  mutating func removeAll() {
    start = end
  }

  /// Makes room for `size` more bytes.
  @inlinable @inline(__always)
  mutating func reserve(_ size: Int) {
    if start - base < size { grow(size) }
  }

  @usableFromInline @inline(never)
  mutating func grow(_ size: Int) {
    let used = count
    let room = end - base
    // Small buffers grow faster, to be copied less often; what does not fit is seldom the last that is written. Sizes
    // come from what is in memory already: no sum can overflow.
    let needed = used &+ size &+ Swift.min(size, 1 << 16) &+ 64
    var larger = WireBuffer(capacity: Swift.max(room &* (room < 1 << 16 ? 4 : 2), needed))
    larger.put(bytes: UnsafeRawBufferPointer(start: start, count: used))
    self = larger
  }

  // The functions below need room that was reserved before.

  @inlinable @inline(__always)
  mutating func put(byte: UInt8) {
    start -= 1
    start.storeBytes(of: byte, as: UInt8.self)
  }

  @inlinable @inline(__always)
  mutating func put(bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    start -= bytes.count
    start.copyMemory(from: source, byteCount: bytes.count)
  }

  @inlinable @inline(__always)
  mutating func put(fixed32 value: UInt32) {
    start -= 4
    start.storeBytes(of: value.littleEndian, as: UInt32.self)
  }

  @inlinable @inline(__always)
  mutating func put(fixed64 value: UInt64) {
    start -= 8
    start.storeBytes(of: value.littleEndian, as: UInt64.self)
  }

  /// At most 10 bytes; needs room for as many.
  @inlinable @inline(__always)
  mutating func put(varint value: UInt64) {
    if value < 0x80 {
      put(byte: UInt8(truncatingIfNeeded: value))
    } else if value < 0x4000 {
      put(twoBytes: value)
    } else {
      put(longVarint: value)
    }
  }

  /// A varint of at most 14 bits.
  @inlinable @inline(__always)
  mutating func put(twoBytes value: UInt64) {
    start -= 2
    let bytes = UInt16(truncatingIfNeeded: value & 0x7f | 0x80 | value &<< 1 & 0x7f00)
    start.storeBytes(of: bytes.littleEndian, as: UInt16.self)
  }

  @inlinable @inline(never)
  mutating func put(longVarint value: UInt64) {
    start = Self.store(longVarint: value, before: start)
  }

  /// Many varints, from the last to the first; needs room for 10 bytes each.
  @inlinable @inline(__always)
  mutating func put(varints indices: Range<Int>, _ varint: (Int) -> UInt64) {
    // In a register: a store through a pointer might change the property, for all that the compiler knows.
    var next = start
    var index = indices.upperBound
    while index > indices.lowerBound {
      index &-= 1
      let value = varint(index)
      if value < 0x80 {
        next -= 1
        next.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
      } else {
        next = Self.store(longVarint: value, before: next)
      }
    }
    start = next
  }

  /// Stores four bytes at once, and returns where those that are needed begin. The others lie in the room before them.
  @inlinable @inline(__always)
  static func store(longVarint value: UInt64, before end: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    guard value < 1 << 28 else { return store(longerVarint: value, before: end) }
    // Spreads groups of seven bits over bytes: halves, then quarters.
    var bits = UInt32(truncatingIfNeeded: value & 0x3fff | (value & 0xfff_c000) &<< 2)
    bits = bits & 0x7f_007f | (bits & 0x3f80_3f80) &<< 1
    // Eight times the bytes that are not needed. A number's leading zeros are counted as the trailing ones of its
    // swapped bytes, which is faster. The highest bit, which is free, is there for a number of one byte.
    let spare = (bits.byteSwapped | 1 &<< 31).trailingZeroBitCount & 24
    let word = bits &<< UInt32(truncatingIfNeeded: spare) | 0x80_8080
    (end - 4).storeBytes(of: word.littleEndian, as: UInt32.self)
    return end - 4 + spare &>> 3
  }

  /// The same with eight bytes, or more.
  @inlinable @inline(never)
  static func store(longerVarint value: UInt64, before end: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    guard value < 1 << 56 else { return store(hugeVarint: value, before: end) }
    var bits = value & 0x0fff_ffff | (value & 0xff_ffff_f000_0000) &<< 4
    bits = bits & 0x3fff_0000_3fff | (bits & 0x0fff_c000_0fff_c000) &<< 2
    bits = bits & 0x7f_007f_007f_007f | (bits & 0x3f80_3f80_3f80_3f80) &<< 1
    let spare = (bits.byteSwapped | 1 &<< 63).trailingZeroBitCount & 56
    let word = bits &<< UInt64(truncatingIfNeeded: spare) | 0x80_8080_8080_8080
    (end - 8).storeBytes(of: word.littleEndian, as: UInt64.self)
    return end - 8 + spare &>> 3
  }

  /// Nine or ten bytes.
  @inlinable @inline(never)
  static func store(hugeVarint value: UInt64, before end: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    let size = value &>> 63 == 0 ? 9 : 10
    let begin = end - size
    for index in 0..<size {
      let bits = UInt8(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: 7 &* index)) & 0x7f
      (begin + index).storeBytes(of: index &+ 1 < size ? bits | 0x80 : bits, as: UInt8.self)
    }
    return begin
  }

  /// A length behind its tag, most often a byte each.
  @inlinable @inline(__always)
  mutating func put(length: Int, tag: UInt32) {
    let length = UInt64(UInt(bitPattern: length))
    if length < 0x80, tag < 0x80 {
      start -= 2
      let bytes = UInt16(truncatingIfNeeded: tag) | UInt16(truncatingIfNeeded: length) &<< 8
      start.storeBytes(of: bytes.littleEndian, as: UInt16.self)
    } else {
      put(varint: length)
      put(tag: tag)
    }
  }

  /// At most 5 bytes; needs room for 8. With a constant tag all but one branch folds away.
  @inlinable @inline(__always)
  mutating func put(tag: UInt32) {
    if tag < 0x80 {
      put(byte: UInt8(truncatingIfNeeded: tag))
    } else if tag < 0x4000 {
      put(twoBytes: UInt64(tag))
    } else {
      put(longVarint: UInt64(tag))
    }
  }

  // MARK: Strings

  /// A string behind its length and tag. Does nothing and returns false if it is not short or if there is no room.
  @inline(__always)
  mutating func putShort(text: String, tag: UInt32) -> Bool {
    let start = start
    let room = start - base
    // The closure calls nothing that could release the string, so the compiler need not retain it.
    let count = text.utf8.withContiguousStorageIfAvailable { text in
      guard text.count <= 48, text.count &+ 18 <= room else { return -1 }
      Self.copy(few: text, to: start - text.count)
      return text.count
    }
    guard let count, count >= 0 else { return false }
    self.start = start - count
    put(length: count, tag: tag)
    return true
  }

  /// Copies at most 48 bytes, by loads and stores that may overlap: a call would take longer.
  @inline(__always)
  private static func copy(few bytes: UnsafeBufferPointer<UInt8>, to target: UnsafeMutableRawPointer) {
    guard let source = UnsafeRawPointer(bytes.baseAddress) else { return }
    let count = bytes.count
    @inline(__always) func copy<Word: BitwiseCopyable>(_: Word.Type, at offset: Int) {
      (target + offset).storeBytes(of: (source + offset).loadUnaligned(as: Word.self), as: Word.self)
    }
    if count >= 16 {
      copy(SIMD16<UInt8>.self, at: 0)
      if count > 32 { copy(SIMD16<UInt8>.self, at: 16) }
      copy(SIMD16<UInt8>.self, at: count &- 16)
    } else if count >= 8 {
      copy(UInt64.self, at: 0)
      copy(UInt64.self, at: count &- 8)
    } else if count >= 4 {
      copy(UInt32.self, at: 0)
      copy(UInt32.self, at: count &- 4)
    } else if count > 0 {
      copy(UInt8.self, at: 0)
      copy(UInt8.self, at: count &>> 1)
      copy(UInt8.self, at: count &- 1)
    }
  }
}
