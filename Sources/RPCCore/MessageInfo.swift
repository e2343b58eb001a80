/// One message of a call.
public struct MessageInfo: Sendable, Hashable {
  /// Its position among the messages of its direction, from 0.
  public let index: Int
  /// Bytes of the message, uncompressed.
  public let size: Int
  /// Bytes of the compressed message; nil if it was sent uncompressed.
  public let compressedSize: Int?

  package init(index: Int, size: Int, compressedSize: Int?) {
    self.index = index
    self.size = size
    self.compressedSize = compressedSize
  }

  /// Bytes on the wire, without gRPC's message prefix and HTTP/2's framing.
  public var wireSize: Int { compressedSize ?? size }
}
