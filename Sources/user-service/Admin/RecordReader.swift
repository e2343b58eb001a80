import Glibc

/// Reads a file record by record, in memory that does not grow with it. A record is a line; a line end between quotes
/// does not end one of a table.
struct RecordReader {
  struct Record {
    let bytes: ArraySlice<UInt8>
    /// Counts the records, from 1.
    let number: Int
    /// Where it begins and ends in the file, in bytes. The end is behind its line end.
    let start: Int
    let end: Int
    /// Whether it has a line end: one without may be half of what was to be written.
    let isWhole: Bool
  }

  /// The longest record.
  static let limit = 4 << 20

  private let path: String
  private let descriptor: Int32
  private let hasQuotes: Bool
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  private(set) var offset: Int
  private(set) var count: Int
  /// In bytes; 0 if nobody knows.
  let size: Int

  /// - Parameters:
  ///   - path: `-` is standard input.
  ///   - offset: where to begin.
  ///   - count: how many records stand before.
  init(_ path: String, hasQuotes: Bool, offset: Int = 0, count: Int = 0) throws(AdminFailure) {
    self.path = path
    self.hasQuotes = hasQuotes
    self.offset = offset
    self.count = count
    descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file(path, "open") }
    var status = stat()
    size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    if offset > 0, lseek(descriptor, off_t(offset), SEEK_SET) < 0 { throw .file(path, "seek") }
  }

  func close() { if descriptor != STDIN_FILENO { _ = Glibc.close(descriptor) } }

  /// The next record that is not empty; nil at the end.
  mutating func next() throws(AdminFailure) -> Record? {
    while true {
      guard let end = try lineEnd() else {
        guard position < buffer.count else { return nil }
        return take(buffer.count, lineEnd: 0)
      }
      let record = take(end, lineEnd: 1)
      if !record.bytes.isEmpty { return record }
      count -= 1
    }
  }

  private mutating func take(_ end: Int, lineEnd: Int) -> Record {
    var bytes = buffer[position..<end]
    let start = offset
    offset += bytes.count + lineEnd
    position = end + lineEnd
    count += 1
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    return Record(bytes: bytes, number: count, start: start, end: offset, isWhole: lineEnd > 0)
  }

  /// The index of the line end of the record at `position`; nil if the file has none any more.
  private mutating func lineEnd() throws(AdminFailure) -> Int? {
    var index = position
    var isQuoted = false
    while true {
      while index < buffer.count {
        if hasQuotes, buffer[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
        if buffer[index] == UInt8(ascii: "\n"), !isQuoted { return index }
        index += 1
      }
      if isAtEnd { return nil }
      guard buffer.count - position <= Self.limit else {
        throw AdminFailure(message: "\(path): record \(count + 1) is too long.", code: 65)
      }
      if position > 0 {
        buffer.removeFirst(position)
        index -= position
        position = 0
      }
      var part = [UInt8](repeating: 0, count: 65_536)
      let got = Glibc.read(descriptor, &part, part.count)
      if got > 0 {
        buffer += part.prefix(got)
      } else if got == 0 {
        isAtEnd = true
      } else if errno != EINTR {
        throw .file(path, "read")
      }
    }
  }
}
