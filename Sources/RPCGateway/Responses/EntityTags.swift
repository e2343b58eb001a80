/// Entity tags in header fields: `"v1"`, weak `W/"v1"`, and lists of them. RFC 9110, sections 8.8.3 and 13.1.
struct EntityTags: Hashable {
  /// `*`: whatever there is.
  let isAny: Bool
  let tags: [Tag]

  struct Tag: Hashable {
    let value: String
    let isWeak: Bool
  }

  /// Nil if the field is malformed.
  init?(_ field: String) {
    var rest = Substring(field)
    func skip() { rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," } }
    if field.filter({ $0 != " " }) == "*" {
      isAny = true
      tags = []
      return
    }
    var tags: [Tag] = []
    skip()
    while !rest.isEmpty {
      let isWeak = rest.hasPrefix("W/")
      if isWeak { rest = rest.dropFirst(2) }
      guard rest.popFirst() == "\"", let end = rest.firstIndex(of: "\"") else { return nil }
      tags.append(Tag(value: String(rest[..<end]), isWeak: isWeak))
      rest = rest[rest.index(after: end)...]
      skip()
    }
    guard !tags.isEmpty else { return nil }
    isAny = false
    self.tags = tags
  }

  /// A strong tag as a field has it; nil if the text can't be one.
  static func field(_ text: String) -> String? {
    let isTag = !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") }
    return isTag ? "\"\(text)\"" : nil
  }
}
