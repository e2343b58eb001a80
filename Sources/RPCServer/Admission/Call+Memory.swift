internal import Primitives
import RPCCore

/// Counts the memory of a call's buffered messages against the limits: incomplete requests, and responses that wait for
/// the client's flow-control window. Small ones do not count, so most calls cost one comparison.
extension Call {
  /// The bytes of each call that do not count. The limit of streams bounds their sum.
  private static let free = 16_384

  /// Call it when messages have grown.
  @inline(__always)
  func messagesGrew() {
    if deframer.count + outbound.count > Self.free { countMessages() }
  }

  /// Call it when messages may have shrunk.
  @inline(__always)
  func messagesShrank() {
    if countedBytes > 0 { countMessages() }
  }

  private func countMessages() {
    let held = deframer.count + outbound.count
    let counted = held > Self.free ? held : 0
    connection.heldBytes += counted - countedBytes
    connection.owner.heldBytes += counted - countedBytes
    countedBytes = counted
  }

  /// Refuses the call if a limit of buffered bytes is exceeded.
  /// - Returns: false if it refused the call.
  func hasMemory(isEssential: Bool) -> Bool {
    if connection.heldBytes > configuration.maximumBufferedBytes {
      refuse(.resourceExhausted, "the limit of buffered messages of this connection is reached")
      return false
    }
    if !isEssential, connection.owner.heldBytes > connection.owner.bufferShare {
      refuse(.unavailable, "the server's limit of buffered messages is reached")
      return false
    }
    return true
  }
}
