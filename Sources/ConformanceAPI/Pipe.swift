internal import Glibc
package import ProtoWire

/// Reads messages from standard input and writes them to standard output, each after its length in four bytes,
/// big-endian.
package enum Pipe {
  package enum Failure: Swift.Error {
    case ended
    case system(errno: Int32)
    case tooLarge(bytes: Int)
  }

  private static let largestMessage = 16 << 20

  package static func read<Message: WireMessage>(_ type: Message.Type) throws -> Message {
    let length = try read(count: 4).reduce(0) { $0 << 8 | Int($1) }
    guard length <= largestMessage else { throw Failure.tooLarge(bytes: length) }
    return try Message(wireBytes: read(count: length))
  }

  package static func write(_ message: some WireMessage) throws {
    let body = message.wireBytes()
    let length = UInt32(body.count)
    var rest = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }[...] + body
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written >= 0 { rest = rest.dropFirst(written) } else if errno != EINTR { throw Failure.system(errno: errno) }
    }
  }

  package static func complain(_ line: String) {
    _ = "\(line)\n".withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
  }

  private static func read(count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var part = [UInt8](repeating: 0, count: count - bytes.count)
      switch Glibc.read(STDIN_FILENO, &part, part.count) {
      case 0: throw Failure.ended
      case let taken where taken > 0: bytes += part.prefix(taken)
      default: if errno != EINTR { throw Failure.system(errno: errno) }
      }
    }
    return bytes
  }
}
