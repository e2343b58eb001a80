internal import ProtoWire

/// Metadata as ghz takes it: a JSON object whose members are text.
package enum MetadataText {
  /// - Throws: `LoadError` if the text is something else.
  package static func fields(json: String) throws(LoadError) -> [(name: String, value: String)] {
    let object: Google_Protobuf_Struct
    do {
      let transcoder = JSONTranscoder(pool: try DescriptorPool(files: [.google_protobuf_struct]))
      object = try Google_Protobuf_Struct(
        wireBytes: transcoder.wire(fromJSON: Array(json.utf8), messageName: Google_Protobuf_Struct.messageName))
    } catch {
      throw LoadError("this is no JSON object: \(error)")
    }
    var fields: [(name: String, value: String)] = []
    for (name, value) in object.fields.sorted(by: { $0.key < $1.key }) {
      guard case .stringValue(let text)? = value.kind else { throw LoadError("'\(name)' must be text") }
      fields.append((name, text))
    }
    return fields
  }
}
