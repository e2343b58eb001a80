import ProtoWire

/// What goes by the descriptors of the tested types and not by their code: JSON, and extensions.
struct Descriptors {
  private let pool: DescriptorPool

  init() throws(JSONError) {
    pool = try DescriptorPool(files: [
      .conformance_test_messages_proto3, .conformance_test_messages_proto2, .conformance_test_messages_proto3_editions,
      .conformance_test_messages_proto2_editions, .conformance_test_messages_edition2023,
      .conformance_test_messages_edition_unstable,
    ])
  }

  func print(_ message: some WireMessage) throws(JSONError) -> String {
    try message.json(JSONTranscoder(pool: pool))
  }

  /// Extensions are unknown fields to the types; the descriptors know them.
  func checkExtensions(of type: any WireMessage.Type, in bytes: [UInt8]) throws(JSONError) {
    guard pool.contains(messageNamed: type.messageName) else { return }
    try pool.check(wire: bytes, messageName: type.messageName)
  }

  func read<Message: WireMessage>(_ text: String, ignoringUnknown: Bool) throws(JSONError) -> Message {
    let options = JSONOptions.with { $0.ignoresUnknownFields = ignoringUnknown }
    return try Message(json: text, JSONTranscoder(pool: pool, options: options))
  }
}
