/// The parameters of a URL's query. https://url.spec.whatwg.org/#application/x-www-form-urlencoded
struct QueryParameters {
  private var values: [String: String] = [:]

  /// Of parameters of the same name the first one counts.
  init(_ query: String) {
    for part in query.split(separator: "&") {
      let end = part.firstIndex(of: "=") ?? part.endIndex
      let name = Self.decoded(part[..<end])
      if values[name] == nil { values[name] = Self.decoded(part[end...].dropFirst()) }
    }
  }

  subscript(name: String) -> String? { values[name] }

  private static func decoded(_ text: Substring) -> String {
    let bytes = Array(text.utf8)
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "%"), index + 2 < bytes.count,
        let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
      {
        output.append(value)
        index += 3
      } else {
        output.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        index += 1
      }
    }
    return String(decoding: output, as: UTF8.self)
  }
}
