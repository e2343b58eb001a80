internal import ProtoWire

/// A response that nobody looks at: its bytes are not read.
struct DiscardedMessage: WireMessage {
  var unknownFields = UnknownFields()

  static var messageName: String { "discarded message" }

  mutating func decodeFields(from reader: inout WireReader) throws(WireError) {}

  func encodeFields(into writer: inout WireWriter) {}
}
