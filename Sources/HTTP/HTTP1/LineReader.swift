/// Cuts lines out of what comes, in pieces of any size. Only CRLF ends a line: a bare LF is where two parsers disagree
/// about where a request ends, and a bare CR too (RFC 9112, section 2.2 lets a recipient take the former).
struct LineReader: ~Copyable {
  /// Bytes of a line whose end has not come, or the line that was returned last.
  private var held = HandoverBuffer()

  /// Whether a line has begun.
  var isInside: Bool { !held.isEmpty }

  /// Takes a line from the input, without its end; nil if it is not whole: then the input is used up. The bytes are
  /// valid until the next call, and as long as the input is.
  /// - Parameters:
  ///   - limit: bytes of a line.
  ///   - fault: what a longer one is.
  mutating func next(
    _ input: inout UnsafeRawBufferPointer, limit: Int, orElse fault: HTTP1Fault
  ) throws(HTTP1Fault) -> UnsafeRawBufferPointer? {
    let count = held.isEmpty ? 0 : held.count
    guard let end = input.firstIndex(of: ByteClass.lf) else {
      // The CR may be there already.
      guard count + input.count <= limit + 1 else { throw fault }
      held.append(input)
      input = UnsafeRawBufferPointer(start: nil, count: 0)
      return nil
    }
    guard count + end <= limit + 1 else { throw fault }
    let part = UnsafeRawBufferPointer(rebasing: input[..<end])
    input = UnsafeRawBufferPointer(rebasing: input[(end + 1)...])
    var line = part
    if count > 0 {
      held.append(part)
      line = held.take() ?? part
    }
    guard line.last == ByteClass.cr else { throw .malformed("a line does not end with CR and LF") }
    return UnsafeRawBufferPointer(rebasing: line.dropLast())
  }

  /// Gives the memory back, unless a line has begun.
  mutating func releaseMemory() { held.releaseMemory() }
}
