/// The five bytes before each message of a gRPC body: a flag, and the message's length in bytes, big-endian.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests (Length-Prefixed-Message)
package enum MessagePrefix {
  package static func bytes(flag: UInt8, length: Int) -> [UInt8] {
    [flag] + withUnsafeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian, Array.init)
  }
}
