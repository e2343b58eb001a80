import ProtoWire
import RPCCore

/// The mask of a PATCH that gives none: the fields that its body has, including those that are `null`. A field that the
/// body leaves out stays as it is; a field that the body has is changed, and `null` clears it.
/// https://google.aip.dev/134, RFC 7396
struct UpdateMask {
  let types: TypeIndex
  /// Paths of fields to leave out, because the request gives them elsewhere, such as in its URL.
  let excluded: Set<String>

  /// The most levels of the body that are examined: each level is read once more. Messages below are changed as a
  /// whole.
  private static let depthLimit = 16

  /// - Parameter body: JSON that was read as the message already.
  func paths(
    _ body: ArraySlice<UInt8>, _ message: MessageType, prefix: String = "", depth: Int = 1
  ) -> [String] {
    var paths: [String] = []
    for (name, value) in JSONScanner.members(body) ?? [] {
      guard let field = message.field(name), !isServers(field) else { continue }
      let path = prefix + field.name
      guard !excluded.contains(path) else { continue }
      if field.isPlainMessage, value.first == UInt8(ascii: "{"), depth < Self.depthLimit,
        let nested = types.messages[field.typeName]
      {
        paths += self.paths(value, nested, prefix: path + ".", depth: depth + 1)
      } else {
        paths.append(path)
      }
    }
    return paths
  }

  /// A client that sends back what it read does not want to change these. https://google.aip.dev/203
  private func isServers(_ field: FieldType) -> Bool {
    field.isOutputOnly || field.behaviors.contains(.identifier) || field.name == "etag" && field.kind == .string
  }
}
