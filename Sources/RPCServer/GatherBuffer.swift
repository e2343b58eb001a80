/// Memory in which one connection's frames are put together for a single write. Kept by the loop, so that idle
/// connections have none of their own.
struct GatherBuffer: ~Copyable {
  /// Enough is gathered for a write.
  static let full = 131_072

  private var memory: UnsafeMutableRawPointer
  private var capacity: Int
  private(set) var count = 0

  init() {
    capacity = Self.full + 32_768
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  var isFull: Bool { count >= Self.full }
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  mutating func removeAll() { count = 0 }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
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
