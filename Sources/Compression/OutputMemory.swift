/// Where a codec writes: memory that grows with what is written, never beyond what the limit allows, and is used again.
///
/// Unsafe code: `0 <= count <= capacity` holds, and the room that is given out lies between the two.
struct OutputMemory: ~Copyable {
  /// What is kept for the next message. One that needed more gives it back.
  private static let kept = 262_144
  private static let least = 4096

  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0
  private(set) var count = 0
  private var limit = 0

  deinit { memory?.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  /// Begins anew: at most `limit` bytes will be written.
  mutating func start(limit: Int) {
    count = 0
    self.limit = min(max(limit, 0), Int(UInt32.max))
  }

  /// Room behind what was written, at least a byte and as many as the caller hopes for. A byte more than the limit can
  /// be written, so that the decoder may find out whether the end comes there; past that it throws.
  mutating func room(for wanted: Int = 1) throws(CompressionError) -> UnsafeMutableRawBufferPointer {
    guard count <= limit else { throw .tooLarge(limit: limit) }
    let most = limit + 1
    if capacity - count < min(wanted, most - count) {
      grow(to: min(max(capacity * 2, count + wanted, Self.least), most))
    }
    return UnsafeMutableRawBufferPointer(start: memory.map { $0 + count }, count: min(capacity, most) - count)
  }

  mutating func wrote(_ written: Int) { count = min(count + written, capacity) }

  /// - Throws: when more was written than the limit allows.
  func checkLimit() throws(CompressionError) {
    guard count <= limit else { throw .tooLarge(limit: limit) }
  }

  /// Gives back what a large message needed.
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
