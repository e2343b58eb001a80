internal import RPCCore

/// The request messages of a call as they go out. It keeps messages that were sent until the call is committed to its
/// server, so that they can be sent again.
struct ReplayBuffer {
  private var bytes: [UInt8] = []
  /// Bytes that the stream took.
  private var taken = 0
  /// Whether the stream took something since the beginning.
  private var hasMoved = false
  /// Whether the bytes that the stream took are kept.
  private(set) var isKeeping = true
  private let limit: Int

  /// - Parameter limit: the most bytes to keep; if there are more, none are kept.
  init(limit: Int) { self.limit = limit }

  /// Bytes that the stream has not taken.
  var waiting: Int { bytes.count - taken }

  /// Whether the requests can be sent again from the beginning.
  var canRewind: Bool { isKeeping || !hasMoved }

  /// Appends a message behind its prefix.
  mutating func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool) {
    bytes.reserveCapacity(bytes.count + 5 + message.count)
    bytes += MessagePrefix.bytes(flag: isCompressed ? 1 : 0, length: message.count)
    bytes += message
    if isKeeping, bytes.count > limit { commit() }
  }

  /// Moves as much as there is room for.
  mutating func move(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, waiting)
    guard count > 0 else { return 0 }
    bytes.withUnsafeBytes { source in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[taken..<(taken + count)]))
    }
    taken += count
    hasMoved = true
    if !isKeeping { trim() }
    return count
  }

  /// Begins again: the stream took nothing.
  mutating func rewind() {
    taken = 0
    hasMoved = false
  }

  /// Keeps nothing that was taken, from now on.
  mutating func commit() {
    isKeeping = false
    trim()
  }

  mutating func removeAll() {
    bytes = []
    taken = 0
  }

  private mutating func trim() {
    if taken == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.count <= 65_536)
      taken = 0
    } else if taken > 262_144 {
      bytes.removeFirst(taken)
      taken = 0
    }
  }
}
