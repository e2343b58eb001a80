/// The memory that a codec writes to. It grows up to the limit, and is reused for the next message.
///
/// Unsafe code: `0 <= count <= capacity` always holds, and `room` returns only memory between the two.
struct OutputMemory: ~Copyable {
  /// The most bytes that are kept for the next message.
  private static let kept = 262_144
  /// The first allocation, in bytes.
  private static let least = 4096

  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0
  private(set) var count = 0
  private var limit = 0

  deinit { memory?.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  /// Begins a new message of at most `limit` bytes.
  mutating func start(limit: Int) {
    count = 0
    self.limit = min(max(limit, 0), Int(UInt32.max))
  }

  /// Free memory behind the bytes that were written: `wanted` bytes if the limit allows, and at least one. It allows
  /// one byte beyond the limit, so that a decoder can find out whether a message ends at the limit; then it throws.
  mutating func room(for wanted: Int = 1) throws(CompressionError) -> UnsafeMutableRawBufferPointer {
    guard count <= limit else { throw .tooLarge(limit: limit) }
    let most = limit + 1
    if capacity - count < min(wanted, most - count) {
      grow(to: min(max(capacity * 2, count + wanted, Self.least), most))
    }
    return UnsafeMutableRawBufferPointer(start: memory.map { $0 + count }, count: min(capacity, most) - count)
  }

  mutating func wrote(_ written: Int) { count = min(count + written, capacity) }

  /// - Throws: `tooLarge` if more bytes were written than the limit allows.
  func checkLimit() throws(CompressionError) {
    guard count <= limit else { throw .tooLarge(limit: limit) }
  }

  /// Frees the memory if a large message made it grow.
  mutating func trim() {
    guard capacity > Self.kept else { return }
    memory?.deallocate()
    memory = nil
    capacity = 0
    count = 0
  }

  private mutating func grow(to larger: Int) {
    let replacement = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    if let memory {
      replacement.copyMemory(from: memory, byteCount: count)
      memory.deallocate()
    }
    memory = replacement
    capacity = larger
  }
}
