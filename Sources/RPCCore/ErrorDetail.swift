public import ProtoWire

/// One detail of an error: a message packed as google.protobuf.Any, usually one of google/rpc/error_details.proto.
public struct ErrorDetail: Sendable, Hashable {
  let any: Google_Protobuf_Any

  /// The message with its type.
  package var packed: Google_Protobuf_Any { any }

  /// A detail from a message that is packed already.
  public init(packed: Google_Protobuf_Any) { any = packed }

  /// Packs one of the messages of google/rpc/error_details.proto, or one of your own.
  /// https://google.aip.dev/193
  public init(_ message: some WireMessage) {
    any = .with {
      $0.typeURL = "type.googleapis.com/\(type(of: message).messageName)"
      $0.value = message.wireBytes()
    }
  }

  /// The detail as a message of the type; nil if it is of another type or can't be decoded.
  public func unpack<Message: WireMessage>(as type: Message.Type = Message.self) -> Message? {
    guard any.typeURL.split(separator: "/").last.map(String.init) == Message.messageName else { return nil }
    return try? Message(wireBytes: any.value)
  }
}

extension RPCError {
  /// The value of `grpc-status-details-bin`; nil without details.
  package var statusDetails: [UInt8]? {
    details.isEmpty ? nil : status.wireBytes()
  }

  /// How many details, counted from the first, fit into a `statusDetails` of at most `bytes` bytes.
  package func leadingDetails(within bytes: Int) -> Int {
    var bare = self
    bare.details = []
    var size = bare.status.wireBytes().count
    for (index, detail) in details.enumerated() {
      // A tag of one byte, and a length of at most five.
      size += detail.any.wireBytes().count + 6
      if size > bytes { return index }
    }
    return details.count
  }
}
