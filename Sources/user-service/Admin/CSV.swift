/// Lines of tables. https://www.rfc-editor.org/rfc/rfc4180
enum CSV {
  /// A line without its end. A field is quoted where it must be.
  static func line(_ fields: [String]) -> String {
    fields.map { field in
      guard field.utf8.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else { return field }
      return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }.joined(separator: ",")
  }

  /// The fields of a line, whose quoted fields may have line ends. Nil if a quote is where none may be.
  static func fields(_ line: ArraySlice<UInt8>) -> [String]? {
    let (quote, comma) = (UInt8(ascii: "\""), UInt8(ascii: ","))
    var fields: [String] = []
    var field: [UInt8] = []
    var rest = line
    while true {
      if rest.first == quote {
        rest.removeFirst()
        while true {
          guard let end = rest.firstIndex(of: quote) else { return nil }
          field += rest[..<end]
          rest = rest[(end + 1)...]
          guard rest.first == quote else { break }
          field.append(quote)
          rest.removeFirst()
        }
        guard rest.isEmpty || rest.first == comma else { return nil }
      } else {
        let end = rest.firstIndex(of: comma) ?? rest.endIndex
        guard !rest[..<end].contains(quote) else { return nil }
        field = Array(rest[..<end])
        rest = rest[end...]
      }
      fields.append(String(decoding: field, as: UTF8.self))
      field = []
      guard rest.first == comma else { return fields }
      rest.removeFirst()
    }
  }
}
