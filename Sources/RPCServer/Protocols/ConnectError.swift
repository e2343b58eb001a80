internal import Primitives
import ProtoWire
import RPCCore

/// How Connect writes an error, and the end of a stream. https://connectrpc.com/docs/protocol#error-end-stream
enum ConnectError {
  /// `{"code": "not_found", "message": "…", "details": [{"type": "…", "value": "…", "debug": {…}}]}`
  static func json(_ error: RPCError) -> [UInt8] {
    var text = Array("{\"code\":\"\(name(error.code))\"".utf8)
    if !error.message.isEmpty { text += Array(",\"message\":".utf8) + ErrorDocument.string(error.message) }
    if !error.details.isEmpty {
      text += Array(",\"details\":[".utf8)
      for (index, detail) in error.details.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        text += json(detail.packed)
      }
      text.append(UInt8(ascii: "]"))
    }
    text.append(UInt8(ascii: "}"))
    return text
  }

  private static func json(_ any: Google_Protobuf_Any) -> [UInt8] {
    let type = any.typeURL.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
    var text = Array("{\"type\":".utf8) + ErrorDocument.string(type)
    text += Array(",\"value\":\"".utf8) + Base64.encode(any.value) + Array("\"".utf8)
    // For people: clients read the value.
    if let known = ErrorDocument.standard?.known(any) { text += Array(",\"debug\":".utf8) + known }
    text.append(UInt8(ascii: "}"))
    return text
  }

  /// The content of the last envelope of a stream.
  static func endStream(_ end: ResponseEnd) -> [UInt8] {
    var metadata = end.trailing
    if let error = end.error { metadata.append(contentsOf: error.metadata) }
    var parts: [[UInt8]] = []
    if let error = end.error { parts.append(Array("\"error\":".utf8) + json(error)) }
    if !metadata.isEmpty { parts.append(Array("\"metadata\":".utf8) + json(metadata)) }
    return Array("{".utf8) + parts.joined(separator: Array(",".utf8)) + Array("}".utf8)
  }

  /// Each name once, with all of its values.
  private static func json(_ metadata: Metadata) -> [UInt8] {
    var names: [String] = []
    var values: [String: [[UInt8]]] = [:]
    for entry in metadata {
      if values[entry.name] == nil { names.append(entry.name) }
      let value = String(decoding: Metadata.wireValue(entry.value), as: UTF8.self)
      values[entry.name, default: []].append(ErrorDocument.string(value))
    }
    let members = names.map { name in
      ErrorDocument.string(name) + Array(":[".utf8) + (values[name] ?? []).joined(separator: Array(",".utf8))
        + Array("]".utf8)
    }
    return Array("{".utf8) + members.joined(separator: Array(",".utf8)) + Array("}".utf8)
  }

  private static func name(_ code: StatusCode) -> String {
    code == .cancelled ? "canceled" : "\(code)".lowercased()
  }
}
