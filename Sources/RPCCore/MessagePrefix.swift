package import Primitives

/// The five bytes before each message of a gRPC body: a flag, and the message's length in bytes, big-endian.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests (Length-Prefixed-Message)
package enum MessagePrefix {
  package static let length = 5

  package static func bytes(flag: UInt8, length: Int) -> [UInt8] {
    [flag] + withUnsafeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian, Array.init)
  }
}

extension ByteBuffer {
  /// Appends a message behind its prefix.
  package mutating func append(message: UnsafeRawBufferPointer, flag: UInt8) {
    reserve(5 + message.count)
    let prefix = UInt64(flag) << 56 | UInt64(UInt32(truncatingIfNeeded: message.count)) << 24
    Swift.withUnsafeBytes(of: prefix.bigEndian) { append(UnsafeRawBufferPointer(rebasing: $0[..<5])) }
    append(message)
  }
}
