/// Bytes that grow towards the front and are always contiguous.
///
/// This file and WireCursor.swift hold the module's pointer arithmetic. The argument for its safety: `base <= start <= end`
/// always holds; `start` moves down only after `reserve` made room; the buffer is noncopyable, so nobody else has its pointers.
@frozen @usableFromInline
struct WireBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var start: UnsafeMutableRawPointer
  @usableFromInline var end: UnsafeMutableRawPointer
  /// False while the memory is somebody else's scratch space.
  @usableFromInline var ownsMemory: Bool

  @inlinable
  init(capacity: Int) {
    let capacity = Swift.max(capacity, 16)
    base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    end = base + capacity
    start = end
    ownsMemory = true
  }

  /// Begins in `scratch`, which must outlive the buffer, and moves to memory of its own when that is full.
  @inlinable
  init(scratch: UnsafeMutableRawBufferPointer) {
    if let address = scratch.baseAddress {
      base = address
      end = address + scratch.count
      ownsMemory = false
    } else {
      base = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
      end = base + 16
      ownsMemory = true
    }
    start = end
  }

  @inlinable
  deinit {
    if ownsMemory { base.deallocate() }
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
    // Sizes come from what is in memory already, so that the sum can't overflow.
    let capacity = Swift.max((end - base) &* 2, used &+ size &+ 64)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    let newStart = memory + (capacity - used)
    newStart.copyMemory(from: start, byteCount: used)
    if ownsMemory { base.deallocate() }
    base = memory
    end = memory + capacity
    start = newStart
    ownsMemory = true
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

  /// At most 10 bytes.
  @inlinable @inline(__always)
  mutating func put(varint value: UInt64) {
    if value < 0x80 {
      put(byte: UInt8(truncatingIfNeeded: value))
    } else {
      put(longVarint: value)
    }
  }

  @inlinable @inline(never)
  mutating func put(longVarint value: UInt64) {
    // Seven bits a byte.
    let size = (70 &- value.leadingZeroBitCount) / 7
    start -= size
    var value = value
    var next = start
    while value >= 0x80 {
      next.storeBytes(of: UInt8(truncatingIfNeeded: value) | 0x80, as: UInt8.self)
      next += 1
      value &>>= 7
    }
    next.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
  }

  /// At most 5 bytes. With a constant tag all but one branch folds away.
  @inlinable @inline(__always)
  mutating func put(tag: UInt32) {
    if tag < 0x80 {
      put(byte: UInt8(truncatingIfNeeded: tag))
    } else if tag < 0x4000 {
      start -= 2
      let bytes = UInt16(truncatingIfNeeded: tag & 0x7f | 0x80 | (tag &>> 7) &<< 8)
      start.storeBytes(of: bytes.littleEndian, as: UInt16.self)
    } else {
      put(longVarint: UInt64(tag))
    }
  }
}
