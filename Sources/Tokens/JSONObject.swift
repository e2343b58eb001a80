internal import ProtoWire

/// A JSON object that somebody else wrote: the header or the claims of a token, or a key.
struct JSONObject {
  private let fields: [String: Google_Protobuf_Value]

  private static let transcoder: JSONTranscoder? = {
    guard let pool = try? DescriptorPool(files: [.google_protobuf_struct]) else { return nil }
    return JSONTranscoder(pool: pool, options: .with { ($0.depthLimit, $0.sizeLimit) = (16, 1 << 16) })
  }()

  /// Nil if the bytes are no JSON object, are too large (64 KiB), or are nested too deeply.
  init?(_ bytes: [UInt8]) {
    guard let wire = try? Self.transcoder?.wire(fromJSON: bytes, messageName: Google_Protobuf_Struct.messageName),
      let object = try? Google_Protobuf_Struct(wireBytes: wire)
    else { return nil }
    fields = object.fields
  }

  func has(_ name: String) -> Bool { fields[name] != nil }

  /// Nil if the member is absent or no string.
  func text(_ name: String) -> String? { fields[name]?.stringValue }

  /// A number of seconds, cut to whole ones; nil if the member is absent, no number, or beyond what a double counts.
  func seconds(_ name: String) -> Int64? {
    guard let number = fields[name]?.numberValue, number.magnitude < 9e15 else { return nil }
    return Int64(number.rounded(.down))
  }

  /// The strings of a member that is a string or an array of strings; nil if it is absent or anything else.
  func texts(_ name: String) -> [String]? {
    guard let value = fields[name] else { return nil }
    if let text = value.stringValue { return [text] }
    guard let list = value.listValue else { return nil }
    let texts = list.values.compactMap(\.stringValue)
    return texts.count == list.values.count ? texts : nil
  }
}

/// Writes a JSON object: its members in the order in which they are added.
struct JSONObjectWriter {
  private var text = "{"

  mutating func add(_ name: String, _ value: String) {
    begin(name)
    string(value)
  }

  mutating func add(_ name: String, _ value: Int64) {
    begin(name)
    text += String(value)
  }

  /// The whole object.
  func finish() -> String { text + "}" }

  private mutating func begin(_ name: String) {
    if text.utf8.count > 1 { text += "," }
    string(name)
    text += ":"
  }

  private mutating func string(_ value: String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
