internal import Primitives

/// Cuts a gRPC byte stream into messages: a flag byte (compressed or not), four bytes of length, the message.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
package struct MessageDeframer: ~Copyable {
  package static let prefixLength = 5

  package enum Failure: Error, Sendable, Hashable {
    /// The declared length is over the limit.
    case tooLarge(length: Int, limit: Int)
    /// The flag byte is neither 0 nor 1.
    case invalidFlag(UInt8)
  }

  /// What is at the front of the stream.
  package enum Front: Sendable, Hashable {
    /// A whole message of this length.
    case message(length: Int, isCompressed: Bool)
    /// Part of a message, or nothing.
    case incomplete
  }

  private let limit: Int
  private var buffer = ByteBuffer()

  /// - Parameter limit: the largest message that is taken, in bytes.
  package init(limit: Int) { self.limit = limit }

  /// Bytes that were received and not yet taken.
  package var count: Int { buffer.count }
  package var isEmpty: Bool { buffer.isEmpty }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) { buffer.append(bytes) }

  /// What can be taken. A message that is too large is refused by its prefix, before its bytes are waited for.
  package func front() throws(Failure) -> Front {
    let prefix = buffer.withUnsafeBytes { bytes -> (flag: UInt8, length: Int)? in
      guard bytes.count >= Self.prefixLength else { return nil }
      let length = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
      return (bytes[0], Int(length))
    }
    guard let prefix else { return .incomplete }
    guard prefix.flag <= 1 else { throw .invalidFlag(prefix.flag) }
    guard prefix.length <= limit else { throw .tooLarge(length: prefix.length, limit: limit) }
    guard buffer.count >= Self.prefixLength + prefix.length else { return .incomplete }
    return .message(length: prefix.length, isCompressed: prefix.flag == 1)
  }

  /// Hands over the message at the front, whose length `front()` gave, and drops it.
  package mutating func take<R>(length: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    defer { buffer.dropFirst(Self.prefixLength + length) }
    return try buffer.withUnsafeBytes { bytes in
      let end = min(Self.prefixLength + length, bytes.count)
      return try body(UnsafeRawBufferPointer(rebasing: bytes[min(Self.prefixLength, end)..<end]))
    }
  }

  /// Takes all that was appended, for those who find out late that it was no gRPC stream yet.
  package mutating func takeAll() -> [UInt8] {
    defer { buffer.removeAll() }
    return buffer.withUnsafeBytes { Array($0) }
  }

  package mutating func removeAll() { buffer.removeAll() }
}
