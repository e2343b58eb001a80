internal import Primitives

/// Splits the body of a request into messages. In gRPC's framing each has a prefix of five bytes: a flag (compressed or
/// not) and the length. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
package struct MessageDeframer: ~Copyable {
  private static let prefixLength = 5

  /// How a body contains messages.
  package enum Framing: Sendable {
    /// Each message has gRPC's prefix.
    case prefixed
    /// The whole body is one message.
    case wholeBody
    /// Each message has gRPC's prefix, and is in another format than protobuf's.
    case prefixedDocuments
    /// The whole body stands for one message, in another format than protobuf's.
    case wholeDocument
    /// Each line that is not blank stands for a message, in another format than protobuf's: https://jsonlines.org
    case lines

    /// Whether what is in the body must be transcoded.
    package var isTranscoded: Bool { self == .wholeDocument || self == .lines || self == .prefixedDocuments }
  }

  private enum State {
    case prefixed, prefixedDocuments, wholeBody(isTranscoded: Bool), lines
    /// The message that is the whole body was taken.
    case taken
    /// `fail` was called.
    case failed(Failure)
  }

  package enum Failure: Error, Sendable, Hashable {
    /// The declared length is over the limit.
    case tooLarge(length: Int, limit: Int)
    /// The flag byte is neither 0 nor 1.
    case invalidFlag(UInt8)
    /// A body of grpc-web-text is not valid base64.
    case invalidBase64
  }

  /// What the buffer begins with.
  package enum Front: Sendable, Hashable {
    /// A whole message of this length. It is encoded if it is compressed, or in another format than protobuf's.
    case message(length: Int, isEncoded: Bool)
    /// Part of a message, or nothing.
    case incomplete
  }

  private let limit: Int
  private var state = State.prefixed
  private var buffer = ByteBuffer()
  /// Bytes of the first line in which no line feed was found.
  private var scanned = 0

  /// - Parameter limit: the largest message that it accepts, in bytes.
  package init(limit: Int) { self.limit = limit }

  /// Bytes that were appended and not yet taken.
  package var count: Int { buffer.count }
  package var isEmpty: Bool { buffer.isEmpty }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) { buffer.append(bytes) }

  /// Drops all bytes. From now on `front` throws `failure`.
  package mutating func fail(_ failure: Failure) {
    buffer.removeAll()
    state = .failed(failure)
  }

  /// Whether a whole message is there. A message that is too large throws as soon as its prefix is there, before its
  /// bytes arrive.
  /// - Parameter isEnded: whether the body has ended.
  package mutating func front(isEnded: Bool) throws(Failure) -> Front {
    guard case .prefixed = state else { return try otherFront(isEnded: isEnded) }
    guard let prefix = try prefix() else { return .incomplete }
    return .message(length: prefix.length, isEncoded: prefix.flag == 1)
  }

  /// That of the first message, if it is whole.
  @inline(__always)
  private func prefix() throws(Failure) -> (flag: UInt8, length: Int)? {
    let prefix = buffer.withUnsafeBytes { bytes -> (flag: UInt8, length: Int)? in
      guard bytes.count >= Self.prefixLength else { return nil }
      let length = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
      return (bytes[0], Int(length))
    }
    guard let prefix else { return nil }
    guard prefix.flag <= 1 else { throw .invalidFlag(prefix.flag) }
    guard prefix.length <= limit else { throw .tooLarge(length: prefix.length, limit: limit) }
    return buffer.count >= Self.prefixLength + prefix.length ? prefix : nil
  }

  private mutating func otherFront(isEnded: Bool) throws(Failure) -> Front {
    switch state {
    case .failed(let failure): throw failure
    case .prefixedDocuments: return try prefix().map { .message(length: $0.length, isEncoded: true) } ?? .incomplete
    case .wholeBody(let isTranscoded):
      guard buffer.count <= limit else { throw .tooLarge(length: buffer.count, limit: limit) }
      return isEnded ? .message(length: buffer.count, isEncoded: isTranscoded) : .incomplete
    case .lines: return try line(isEnded: isEnded)
    case .prefixed, .taken: return .incomplete
    }
  }

  /// The last line may lack its end.
  private mutating func line(isEnded: Bool) throws(Failure) -> Front {
    let blank = buffer.withUnsafeBytes { bytes in bytes.prefix { $0 == 0x0a || $0 == 0x0d || $0 == 0x20 }.count }
    if blank > 0 {
      buffer.dropFirst(blank)
      scanned = 0
    }
    let found = buffer.withUnsafeBytes { $0[min(scanned, $0.count)...].firstIndex(of: 0x0a) }
    scanned = found ?? buffer.count
    guard scanned <= limit else { throw .tooLarge(length: scanned, limit: limit) }
    guard found != nil || isEnded && !buffer.isEmpty else { return .incomplete }
    return .message(length: scanned, isEncoded: true)
  }

  private var prefixLength: Int {
    switch state {
    case .prefixed, .prefixedDocuments: Self.prefixLength
    default: 0
    }
  }

  /// Whether bytes follow the first message, whose length `front` returned.
  package func hasMore(than length: Int) -> Bool { buffer.count > prefixLength + length }

  /// Passes the first message to `body`, and removes it. `length` is the one that `front` returned. A document comes
  /// with its prefix, which says whether it is compressed.
  package mutating func take<R>(length: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    let start = prefixLength
    defer {
      buffer.dropFirst(start + length)
      scanned = 0
      if case .wholeBody = state { state = .taken }
    }
    return try buffer.withUnsafeBytes { bytes in
      let end = min(start + length, bytes.count)
      if case .prefixedDocuments = state { return try body(UnsafeRawBufferPointer(rebasing: bytes[..<end])) }
      return try body(UnsafeRawBufferPointer(rebasing: bytes[min(start, end)..<end]))
    }
  }

  /// Removes all bytes, and begins again with another framing.
  /// - Returns: the bytes, which the caller must decode and append again.
  package mutating func restart(_ framing: Framing) -> [UInt8] {
    defer { buffer.removeAll() }
    scanned = 0
    state =
      switch framing {
      case .prefixed: .prefixed
      case .prefixedDocuments: .prefixedDocuments
      case .wholeBody: .wholeBody(isTranscoded: false)
      case .wholeDocument: .wholeBody(isTranscoded: true)
      case .lines: .lines
      }
    return buffer.withUnsafeBytes { Array($0) }
  }

  package mutating func removeAll() { buffer.removeAll() }
}
