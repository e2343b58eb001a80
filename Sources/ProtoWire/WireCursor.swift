/// Reads little by little from bytes that someone else keeps alive.
///
/// This file and WireBuffer.swift hold the module's pointer arithmetic. The argument for its safety: `position <= end`
/// always holds, both point into (or just behind) one allocation that outlives the cursor, because a cursor is made
/// only inside `withUnsafeBytes` and neither it nor the noncopyable `WireReader` around it can be stored; and
/// `position` advances only after a comparison with `end`. Lengths are compared with what is left before they are added
/// to a pointer.
@frozen @usableFromInline
struct WireCursor {
  @usableFromInline var position: UnsafeRawPointer
  @usableFromInline var end: UnsafeRawPointer

  @inlinable @inline(__always)
  init(position: UnsafeRawPointer, end: UnsafeRawPointer) {
    self.position = position
    self.end = end
  }

  @inlinable @inline(__always)
  var isAtEnd: Bool { position >= end }

  /// How many bytes are left.
  @inlinable @inline(__always)
  var count: Int { end - position }

  /// Any varint; most are one byte long.
  @inlinable @inline(__always)
  mutating func varint() throws(WireError) -> UInt64 {
    guard position < end else { throw WireError(.truncated) }
    let first = position.load(as: UInt8.self)
    if first < 0x80 {
      position += 1
      return UInt64(first)
    }
    return try longVarint()
  }

  /// A varint of two to eight bytes, by one load; nil if it is longer, or fewer than eight bytes are left.
  @inlinable @inline(__always)
  mutating func shortVarint() -> UInt64? {
    guard count >= 8 else { return nil }
    let word = UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
    // The high bits of the bytes that end a varint; the lowest is this one's.
    let ends = ~word & 0x8080_8080_8080_8080
    guard ends != 0 else { return nil }
    position += (ends.trailingZeroBitCount &+ 1) &>> 3
    return Self.joined(word & (ends ^ (ends &- 1)))
  }

  /// The lower seven bits of each byte.
  @inlinable @inline(__always)
  static func joined(_ word: UInt64) -> UInt64 {
    // Pairs, then fours, then all.
    var bits = word & 0x7f_007f_007f_007f | (word & 0x7f00_7f00_7f00_7f00) &>> 1
    bits = bits & 0x3fff_0000_3fff | (bits & 0x3fff_0000_3fff_0000) &>> 2
    bits = bits & 0x0fff_ffff | (bits & 0x0fff_ffff_0000_0000) &>> 4
    return bits
  }

  /// Never advances when it throws. Refuses an eleventh byte, and bits above 2^64.
  /// <https://protobuf.dev/programming-guides/encoding/#varints>
  @usableFromInline @inline(never)
  mutating func longVarint() throws(WireError) -> UInt64 {
    if let value = shortVarint() { return value }
    var result: UInt64 = 0
    var shift: UInt64 = 0
    var next = position
    while next < end {
      let byte = next.load(as: UInt8.self)
      next += 1
      if shift == 63, byte > 1 { throw WireError(.malformedVarint) }
      result |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 {
        position = next
        return result
      }
      shift &+= 7
    }
    throw WireError(.truncated)
  }

  /// The tag of a field. None is longer than five bytes, not even with needless zeros.
  @inline(never)
  mutating func tag() throws(WireError) -> UInt32 {
    let start = position
    let value = try varint()
    guard value >= 8, value <= UInt64(UInt32.max), position - start <= 5 else { throw WireError(.invalidTag) }
    return UInt32(truncatingIfNeeded: value)
  }

  @inlinable @inline(__always)
  mutating func fixed32() throws(WireError) -> UInt32 {
    guard count >= 4 else { throw WireError(.truncated) }
    let value = UInt32(littleEndian: position.loadUnaligned(as: UInt32.self))
    position += 4
    return value
  }

  @inlinable @inline(__always)
  mutating func fixed64() throws(WireError) -> UInt64 {
    guard count >= 8 else { throw WireError(.truncated) }
    let value = UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
    position += 8
    return value
  }

  /// A length that is no more than what is left.
  @inlinable @inline(__always)
  mutating func length() throws(WireError) -> Int {
    let value = try varint()
    guard value <= UInt64(UInt(bitPattern: count)) else { throw WireError(.truncated) }
    return Int(truncatingIfNeeded: value)
  }

  /// A length and that many bytes. They are valid as long as the cursor's input.
  @inlinable @inline(__always)
  mutating func delimited() throws(WireError) -> UnsafeBufferPointer<UInt8> {
    let length = try length()
    let start = position
    position += length
    return UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: length)
  }

  @inlinable @inline(__always)
  mutating func skip(_ length: Int) throws(WireError) {
    guard length <= count else { throw WireError(.truncated) }
    position += length
  }
}

// MARK: Packed varints

extension WireCursor {
  /// How many varints end in the bytes that are left: as many as bytes without the high bit.
  @usableFromInline
  var varintCount: Int {
    var total = 0
    var next = position
    while end - next >= 8 {
      // A one in each byte that ends a varint; the product adds them up in its highest byte.
      let ends = (~next.loadUnaligned(as: UInt64.self) &>> 7) & 0x0101_0101_0101_0101
      total &+= Int(truncatingIfNeeded: (ends &* 0x0101_0101_0101_0101) &>> 56)
      next += 8
    }
    for byte in UnsafeRawBufferPointer(start: next, count: end - next) where byte < 0x80 { total &+= 1 }
    return total
  }

  /// A varint where longer ones are common.
  @inlinable @inline(__always)
  mutating func packedVarint() throws(WireError) -> UInt64 {
    guard position < end else { throw WireError(.truncated) }
    let first = position.load(as: UInt8.self)
    if first < 0x80 {
      position += 1
      return UInt64(first)
    }
    if let value = shortVarint() { return value }
    return try longVarint()
  }

  @usableFromInline typealias Block = InlineArray<64, UInt64>

  /// Whether `varints(into:)` may be called: 64 bytes are left, and as many more as a load in the last of them reads.
  @inlinable @inline(__always)
  var hasBlock: Bool { count >= 72 }

  /// The varints that end in the next 64 bytes, and how many they are. Where each ends is found for all of them first,
  /// so that none waits for the one before it, and no branch depends on their lengths. Never advances when it throws.
  @usableFromInline @inline(never)
  mutating func varints(into block: inout Block) throws(WireError) -> Int {
    // A bit for each byte that ends a varint.
    var ends: UInt64 = 0
    for offset: UInt64 in stride(from: 0, to: 64, by: 8) {
      let word = UInt64(littleEndian: position.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self))
      // The product gathers the high bits in its highest byte.
      ends |= (((~word &>> 7 & 0x0101_0101_0101_0101) &* 0x0102_0408_1020_4080) &>> 56) &<< offset
    }
    guard ends != 0 else { throw WireError(.malformedVarint) }
    var number = 0
    var begin = 0
    repeat {
      let next = ends.trailingZeroBitCount &+ 1
      ends &= ends &- 1
      let size = next &- begin
      let word = UInt64(littleEndian: position.loadUnaligned(fromByteOffset: begin, as: UInt64.self))
      if size <= 8 {
        block[number] = Self.joined(word & (.max &>> UInt64(truncatingIfNeeded: 64 &- 8 &* size)))
      } else {
        let last = position.load(fromByteOffset: next &- 1, as: UInt8.self)
        guard size == 9 || size == 10 && last <= 1 else { throw WireError(.malformedVarint) }
        let ninth = position.load(fromByteOffset: begin &+ 8, as: UInt8.self)
        block[number] = Self.joined(word) | UInt64(ninth & 0x7f) &<< 56 | (size == 10 ? UInt64(last) &<< 63 : 0)
      }
      begin = next
      number &+= 1
    } while ends != 0
    position += begin
    return number
  }
}
