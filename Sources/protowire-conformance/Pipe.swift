import Glibc

/// Byte strings on standard input and output, each behind its length: four bytes, little-endian.
enum Pipe {
  enum Failure: Error, CustomStringConvertible {
    case endedInside
    case tooLarge(bytes: Int)
    case system(errno: Int32)

    var description: String {
      switch self {
      case .endedInside: "the input ended inside a request"
      case .tooLarge(let bytes): "a request of \(bytes) bytes is larger than protobuf allows"
      case .system(let number): String(cString: strerror(number))
      }
    }
  }

  /// No message may be larger. <https://protobuf.dev/programming-guides/proto-limits/#total>
  private static let largestMessage = Int(Int32.max)

  /// The next byte string; nil where the input ends before it.
  static func read() throws(Failure) -> [UInt8]? {
    let head = try read(count: 4)
    if head.isEmpty { return nil }
    guard head.count == 4 else { throw .endedInside }
    let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= largestMessage else { throw .tooLarge(bytes: length) }
    let bytes = try read(count: length)
    guard bytes.count == length else { throw .endedInside }
    return bytes
  }

  static func write(_ bytes: [UInt8]) throws(Failure) {
    var rest = (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }[...] + bytes
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written >= 0 { rest = rest.dropFirst(written) } else if errno != EINTR { throw .system(errno: errno) }
    }
  }

  static func complain(_ line: String) {
    _ = "\(line)\n".withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
  }

  /// As many bytes, or fewer where the input ends. Takes memory as they come, whatever was declared.
  private static func read(count: Int) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: min(count, 1 << 16))
    while bytes.count < count {
      switch Glibc.read(STDIN_FILENO, &part, min(part.count, count - bytes.count)) {
      case 0: return bytes
      case let taken where taken > 0: bytes += part.prefix(taken)
      default: if errno != EINTR { throw .system(errno: errno) }
      }
    }
    return bytes
  }
}
