import ProtoWire

/// The tested types in JSON, which goes by descriptors and not by the types' code.
struct JSONFormat {
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

  func read<Message: WireMessage>(_ text: String, ignoringUnknown: Bool) throws(JSONError) -> Message {
    let options = JSONOptions.with { $0.ignoresUnknownFields = ignoringUnknown }
    return try Message(json: text, JSONTranscoder(pool: pool, options: options))
  }
}
