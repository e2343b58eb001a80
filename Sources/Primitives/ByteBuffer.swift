internal import Glibc

/// Bytes that are appended at the end and taken from the front, in one contiguous piece of memory. One small file of
/// unsafe code: the indices always hold `0 <= head <= tail <= capacity`, and every method keeps that.
package struct ByteBuffer: ~Copyable {
  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0
  private var head = 0
  private var tail = 0

  package init() {}

  deinit { free(memory) }

  package var count: Int { tail - head }
  package var isEmpty: Bool { tail == head }

  /// What is there. The bytes must not leave the closure.
  @inline(__always)
  package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    guard let memory else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return try body(UnsafeRawBufferPointer(start: memory + head, count: tail - head))
  }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    makeRoom(for: bytes.count).copyMemory(from: source, byteCount: bytes.count)
    tail += bytes.count
  }

  package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

  /// Makes room for so many bytes, so that the next appends up to there allocate nothing.
  package mutating func reserve(_ count: Int) { _ = makeRoom(for: count) }

  /// Takes up to `buffer.count` bytes out.
  package mutating func move(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let moved = min(buffer.count, count)
    if moved > 0, let memory, let target = buffer.baseAddress {
      target.copyMemory(from: memory + head, byteCount: moved)
      dropFirst(moved)
    }
    return moved
  }

  package mutating func dropFirst(_ dropped: Int) {
    head += min(max(dropped, 0), count)
    if head == tail {
      head = 0
      tail = 0
    }
  }

  /// Forgets everything and gives the memory back.
  package mutating func removeAll() {
    free(memory)
    memory = nil
    capacity = 0
    head = 0
    tail = 0
  }

  /// Makes room behind the last byte and returns where it is.
  private mutating func makeRoom(for needed: Int) -> UnsafeMutableRawPointer {
    if let memory, capacity - tail >= needed { return memory + tail }
    let held = count
    // Moving to the front is enough while at most half is in use; else the memory doubles.
    if let memory, held + needed <= capacity, held <= capacity / 2 {
      memory.copyMemory(from: memory + head, byteCount: held)
      head = 0
      tail = held
      return memory + tail
    }
    var larger = max(capacity * 2, 128)
    while larger < held + needed { larger *= 2 }
    // `allocate` would go through posix_memalign, whatever the alignment.
    guard let replacement = malloc(larger) else { fatalError("out of memory") }
    if let memory {
      replacement.copyMemory(from: memory + head, byteCount: held)
      free(memory)
    }
    memory = replacement
    capacity = larger
    head = 0
    tail = held
    return replacement + tail
  }
}
