package import ProtoWire
package import RPCCore

/// An error as JSON: `{"error": {"code": 404, "message": "…", "status": "NOT_FOUND", "details": […]}}`.
/// https://google.aip.dev/193#http11json-representation
package struct ErrorDocument {
  /// For the details; types that it does not know are sent as their bytes in base64.
  private let transcoder: JSONTranscoder

  package init(_ transcoder: JSONTranscoder) { self.transcoder = transcoder }

  /// Knows the types of google/rpc. Nil only if their descriptors were damaged.
  package static let standard: ErrorDocument? = {
    let pool = try? DescriptorPool(files: [.google_rpc_status, .google_rpc_error_details])
    return pool.map { ErrorDocument(JSONTranscoder(pool: $0)) }
  }()

  /// The document.
  /// - Parameter httpStatus: the status of the response, which stands in it as `code`.
  package func json(_ error: RPCError, httpStatus: Int) -> [UInt8] {
    var text = Array("{\"error\":{\"code\":\(httpStatus),\"message\":".utf8)
    text += Self.string(error.message)
    text += Array(",\"status\":\"\(error.code)\"".utf8)
    if !error.details.isEmpty {
      text += Array(",\"details\":[".utf8)
      for (index, detail) in error.details.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        text += json(detail.packed)
      }
      text.append(UInt8(ascii: "]"))
    }
    return text + Array("}}".utf8)
  }

  /// A detail as JSON; nil if its type is not known.
  func known(_ any: Google_Protobuf_Any) -> [UInt8]? {
    try? transcoder.json(fromWire: any.wireBytes(), messageName: Google_Protobuf_Any.messageName)
  }

  private func json(_ any: Google_Protobuf_Any) -> [UInt8] {
    if let known = known(any) { return known }
    let unknown = Google_Protobuf_BytesValue.with { $0.value = any.value }
    let value = try? transcoder.json(
      fromWire: unknown.wireBytes(), messageName: Google_Protobuf_BytesValue.messageName)
    let text = value.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    return Array("{\"@type\":".utf8) + Self.string(any.typeURL) + Array(",\"value\":\(text)}".utf8)
  }

  /// A string of JSON. RFC 8259, section 7.
  package static func string(_ text: String) -> [UInt8] {
    var output: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case 0x0a: output += Array("\\n".utf8)
      case 0x09: output += Array("\\t".utf8)
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        output += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
      default: output.append(byte)
      }
    }
    return output + [UInt8(ascii: "\"")]
  }
}
