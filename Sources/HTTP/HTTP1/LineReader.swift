/// Cuts lines out of what comes, in pieces of any size. Only CRLF ends a line: a bare LF is where two parsers disagree
/// about where a request ends, and a bare CR too (RFC 9112, section 2.2 lets a recipient take the former).
// The pointer arithmetic keeps `0 <= count <= capacity`.
struct LineReader: ~Copyable {
  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0
  /// Bytes of a line whose end has not come.
  private(set) var count = 0
  /// Whether the line that was returned last lies in `memory`.
  private var isTaken = false

  deinit { memory?.deallocate() }

  /// Whether a line has begun.
  var isInside: Bool { count > 0 && !isTaken }

  /// Takes a line from the input, without its end; nil if it is not whole: then the input is used up. The bytes are
  /// valid until the next call, and as long as the input is.
  /// - Parameters:
  ///   - limit: bytes of a line.
  ///   - fault: what a longer one is.
  mutating func next(
    _ input: inout UnsafeRawBufferPointer, limit: Int, orElse fault: HTTP1Fault
  ) throws(HTTP1Fault) -> UnsafeRawBufferPointer? {
    if isTaken {
      isTaken = false
      count = 0
    }
    guard let end = input.firstIndex(of: ByteClass.lf) else {
      // The CR may be there already.
      guard count + input.count <= limit + 1 else { throw fault }
      append(input)
      input = UnsafeRawBufferPointer(start: nil, count: 0)
      return nil
    }
    guard count + end <= limit + 1 else { throw fault }
    let part = UnsafeRawBufferPointer(rebasing: input[..<end])
    input = UnsafeRawBufferPointer(rebasing: input[(end + 1)...])
    var line = part
    if count > 0 {
      append(part)
      isTaken = true
      line = UnsafeRawBufferPointer(start: memory, count: count)
    }
    guard line.last == ByteClass.cr else { throw .malformed("a line does not end with CR and LF") }
    return UnsafeRawBufferPointer(rebasing: line.dropLast())
  }

  /// Gives the memory back.
  mutating func releaseMemory() {
    guard count == 0 || isTaken else { return }
    memory?.deallocate()
    memory = nil
    capacity = 0
    count = 0
    isTaken = false
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
    if count + bytes.count > capacity {
      let larger = max(capacity * 2, count + bytes.count, 128)
      let made = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
      if let memory {
        made.copyMemory(from: memory, byteCount: count)
        memory.deallocate()
      }
      memory = made
      capacity = larger
    }
    if let memory { (memory + count).copyMemory(from: source, byteCount: bytes.count) }
    count += bytes.count
  }
}
