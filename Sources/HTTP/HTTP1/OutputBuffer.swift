/// What is to be sent next, in one piece of memory that the session owns: what it hands out stays valid until the next
/// piece is put together.
// The pointer arithmetic keeps `0 <= count <= capacity`.
struct OutputBuffer: ~Copyable {
  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0
  private(set) var count = 0
  /// What is there was handed out, and goes with the next bytes.
  private var isTaken = false

  deinit { memory?.deallocate() }

  /// Nothing waits to be handed out.
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
    let place = room(for: bytes.count)
    if let source = bytes.baseAddress { place.copyMemory(from: source, byteCount: bytes.count) }
    count += bytes.count
  }

  /// Appends what `body` writes into so many bytes; it returns how many it wrote.
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
