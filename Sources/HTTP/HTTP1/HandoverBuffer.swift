/// Bytes that are gathered in one piece of memory until they are handed out: those to be sent next, or a line. What it
/// hands out stays valid until more is appended.
// The pointer arithmetic keeps `0 <= count <= capacity`.
struct HandoverBuffer: ~Copyable {
  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0
  private(set) var count = 0
  /// Whether the bytes were handed out: then the next ones replace them.
  private var isTaken = false

  deinit { memory?.deallocate() }

  /// Whether nothing waits to be handed out.
  var isEmpty: Bool { count == 0 || isTaken }

  /// Hands out what is there; nil if there is nothing.
  mutating func take() -> UnsafeRawBufferPointer? {
    guard !isEmpty else { return nil }
    isTaken = true
    return UnsafeRawBufferPointer(start: memory, count: count)
  }

  mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
    room(for: bytes.count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  /// Appends what `body` writes, at most `limit` bytes; `body` returns how many it wrote.
  mutating func append(upTo limit: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    let place = room(for: limit)
    count += min(max(body(UnsafeMutableRawBufferPointer(start: place, count: limit)), 0), limit)
  }

  /// Gives the memory back.
  mutating func releaseMemory() {
    guard isEmpty else { return }
    memory?.deallocate()
    memory = nil
    capacity = 0
    count = 0
    isTaken = false
  }

  private mutating func room(for needed: Int) -> UnsafeMutableRawPointer {
    if isTaken {
      isTaken = false
      count = 0
    }
    if let memory, capacity - count >= needed { return memory + count }
    let larger = max(capacity * 2, count + needed, 512)
    let made = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
    if let memory {
      made.copyMemory(from: memory, byteCount: count)
      memory.deallocate()
    }
    memory = made
    capacity = larger
    return made + count
  }
}
