internal import Primitives

/// Cuts the body of a request into messages. In gRPC's byte stream each has five bytes before it: a flag (compressed or
/// not), and the length. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
package struct MessageDeframer: ~Copyable {
  private static let prefixLength = 5

  /// How messages are told apart.
  package enum Framing: Sendable {
    /// By gRPC's prefixes.
    case prefixed
    /// There is one, which is all of the body.
    case wholeBody
  }

  private enum State {
    case prefixed, wholeBody
    /// The message that was the whole body is taken.
    case taken
    /// `fail` was called.
    case failed(Failure)
  }

  package enum Failure: Error, Sendable, Hashable {
    /// The declared length is over the limit.
    case tooLarge(length: Int, limit: Int)
    /// The flag byte is neither 0 nor 1.
    case invalidFlag(UInt8)
    /// The text form of gRPC-Web is not the base64 that it should be.
    case invalidBase64
  }

  /// What is at the front of the stream.
  package enum Front: Sendable, Hashable {
    /// A whole message of this length.
    case message(length: Int, isCompressed: Bool)
    /// Part of a message, or nothing.
    case incomplete
  }

  private let limit: Int
  private var state = State.prefixed
  private var buffer = ByteBuffer()

  /// - Parameter limit: the largest message that is taken, in bytes.
  package init(limit: Int) { self.limit = limit }

  /// Bytes that were received and not yet taken.
  package var count: Int { buffer.count }
  package var isEmpty: Bool { buffer.isEmpty }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) { buffer.append(bytes) }

  /// Nothing sensible can follow: whoever asks for a message from now on is told.
  package mutating func fail(_ failure: Failure) {
    buffer.removeAll()
    state = .failed(failure)
  }

  /// What can be taken. A message that is too large is refused by its prefix, before its bytes are waited for.
  /// - Parameter isEnded: nothing of the body is to come.
  package func front(isEnded: Bool) throws(Failure) -> Front {
    guard case .prefixed = state else { return try unprefixedFront(isEnded: isEnded) }
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

  private func unprefixedFront(isEnded: Bool) throws(Failure) -> Front {
    switch state {
    case .failed(let failure): throw failure
    case .wholeBody:
      guard buffer.count <= limit else { throw .tooLarge(length: buffer.count, limit: limit) }
      return isEnded ? .message(length: buffer.count, isCompressed: false) : .incomplete
    case .prefixed, .taken: return .incomplete
    }
  }

  private var prefixLength: Int { if case .prefixed = state { Self.prefixLength } else { 0 } }

  /// Whether something follows the message at the front, whose length `front()` gave.
  package func hasMore(than length: Int) -> Bool { buffer.count > prefixLength + length }

  /// Hands over the message at the front, whose length `front()` gave, and drops it.
  package mutating func take<R>(length: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    let start = prefixLength
    defer {
      buffer.dropFirst(start + length)
      if case .wholeBody = state { state = .taken }
    }
    return try buffer.withUnsafeBytes { bytes in
      let end = min(start + length, bytes.count)
      return try body(UnsafeRawBufferPointer(rebasing: bytes[min(start, end)..<end]))
    }
  }

  /// Begins again with another framing.
  /// - Returns: all that was appended before it was known.
  package mutating func restart(_ framing: Framing) -> [UInt8] {
    defer { buffer.removeAll() }
    state = framing == .prefixed ? .prefixed : .wholeBody
    return buffer.withUnsafeBytes { Array($0) }
  }

  package mutating func removeAll() { buffer.removeAll() }
}
