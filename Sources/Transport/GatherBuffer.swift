/// Memory in which one connection's frames are put together for a single write. Kept by the loop, so that idle
/// connections have none of their own.
package struct GatherBuffer: ~Copyable {
  /// Enough is gathered for a write.
  package static let full = 131_072

  private var memory: UnsafeMutableRawPointer
  private var capacity: Int
  package private(set) var count = 0

  package init() {
    capacity = Self.full + 32_768
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  package var isFull: Bool { count >= Self.full }
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  package mutating func removeAll() { count = 0 }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    if capacity - count < bytes.count {
      let larger = max(capacity * 2, count + bytes.count)
      let replacement = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
      replacement.copyMemory(from: memory, byteCount: count)
      memory.deallocate()
      memory = replacement
      capacity = larger
    }
    (memory + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }
}
