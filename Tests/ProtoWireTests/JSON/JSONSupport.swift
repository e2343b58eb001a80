import ProtoWire
import TestMessages
import Testing

/// JSON of the test messages.
enum JSON {
  static let pool = Result { try DescriptorPool(files: [.everything, .legacy, .wellknown]) }

  static func transcoder(_ change: (inout JSONOptions) -> Void = { _ in }) throws -> JSONTranscoder {
    JSONTranscoder(pool: try pool.get(), options: .with(change))
  }

  /// The text read as a message, and that printed.
  static func canonical(
    _ text: String, as name: String = "everything.Everything", _ change: (inout JSONOptions) -> Void = { _ in }
  ) throws -> String {
    let transcoder = try transcoder(change)
    let wire = try transcoder.wire(fromJSON: Array(text.utf8), messageName: name)
    return String(decoding: try transcoder.json(fromWire: wire, messageName: name), as: UTF8.self)
  }

  /// The error with which a text is refused.
  static func refusal(
    _ text: String, as name: String = "everything.Everything", _ change: (inout JSONOptions) -> Void = { _ in }
  ) throws -> JSONError {
    let transcoder = try transcoder(change)
    return try #require(throws: JSONError.self) { try transcoder.wire(fromJSON: Array(text.utf8), messageName: name) }
  }
}
