internal import Primitives
import RPCCore

/// What a call's messages take of the memory that strangers may fill: requests that are not whole, responses that wait
/// for a window. Small ones are not counted, so most calls cost a comparison.
extension Call {
  /// So many bytes a call has for itself. The number of streams bounds them.
  private static let free = 16_384

  /// To be called when messages have grown.
  @inline(__always)
  func messagesGrew() {
    if deframer.count + outbound.count > Self.free { countMessages() }
  }

  /// To be called when messages may have shrunk.
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

  /// Refuses the call where there is no memory for it.
  /// - Returns: false if it was refused.
  func hasMemory(isEssential: Bool) -> Bool {
    if connection.heldBytes > configuration.maximumBufferedBytes {
      refuse(.resourceExhausted, "the messages of this connection that wait take as much memory as they may")
      return false
    }
    if !isEssential, connection.owner.heldBytes > connection.owner.bufferShare {
      refuse(.unavailable, "the messages that wait take as much memory as they may")
      return false
    }
    return true
  }
}
