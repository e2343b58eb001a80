/// From protobuf's names to Swift's, by the rules that users of Swift and protobuf know: `user_id` becomes `userID`,
/// `google.protobuf` the prefix `Google_Protobuf_`, `STATE_ACTIVE` of `State` the case `active`.
enum Names {
  // MARK: Types

  /// What a package, or its file's `swift_prefix`, puts before the names of its top-level types.
  static func typePrefix(package: String, swiftPrefix: String?) -> String {
    if let swiftPrefix { return swiftPrefix }
    guard !package.isEmpty else { return "" }
    return package.split(separator: ".")
      .map { segment in segment.split(separator: "_").map(capitalized).joined() + "_" }
      .joined()
  }

  /// The name of a message, enum, or group type within its scope. `suffix` tells it from a name that Swift needs.
  static func type(_ name: String, prefix: String, suffix: String) -> String {
    let name = prefix + capitalized(name[...])
    return reservedTypes.contains(name) ? name + suffix : name
  }

  /// What generated code refers to, and what Swift takes for something else.
  private static let reservedTypes: Set<String> = [
    "Any", "AnyObject", "Array", "BidirectionalCall", "Bool", "CallOptions", "CaseIterable", "ClientChannel",
    "ClientStreamingCall", "Codec", "Dictionary", "Double", "Error", "Float", "Hashable", "Hasher", "Indirect", "Int",
    "Int32", "Int64", "MethodDescriptor", "MethodHandler", "Optional", "ProtoFile", "ProtoWire", "Protocol", "RPCCore",
    "RequestStream", "ResponseStream", "ResponseWriter", "Self", "Sendable", "ServerContext", "ServiceDescriptor",
    "ServiceProvider", "Set", "StaticString", "String", "Swift", "Type", "UInt32", "UInt64", "UInt8", "UnknownFields",
    "WireBool", "WireBytes", "WireClosedEnum", "WireClosedEnumValue", "WireDouble", "WireEnum", "WireError",
    "WireFixed32", "WireFixed64", "WireFloat", "WireInt32", "WireInt64", "WireMessage", "WireOpenEnum", "WireReader",
    "WireRequired", "WireSFixed32", "WireSFixed64", "WireSInt32", "WireSInt64", "WireString", "WireSubmessage",
    "WireUInt32", "WireUInt64", "WireUncheckedString", "WireWriter", "_",
  ]

  /// Names for the types of one scope, in their order: with underscores behind those that another has already.
  static func types(_ names: [String], prefix: String, suffixes: [String]) -> [String] {
    var taken: Set<String> = []
    return zip(names, suffixes).map { name, suffix in
      var name = type(name, prefix: prefix, suffix: suffix)
      while !taken.insert(name).inserted { name += "_" }
      return name
    }
  }

  // MARK: Members

  /// `user_id` becomes `userID`. Not escaped: see `member`.
  static func lowerCamelCase(_ name: String) -> String {
    var result = ""
    for (index, word) in name.split(separator: "_").enumerated() {
      let word = isUpperCase(word) ? word.lowercased() : String(word)
      if index == 0 {
        result += word.prefix(1).lowercased() + word.dropFirst()
      } else if initialisms.contains(word.lowercased()) {
        result += word.uppercased()
      } else {
        result += capitalized(word[...])
      }
    }
    if result.first?.isNumber ?? true { result = "_" + result }
    return result
  }

  /// `user_id` becomes `UserID`.
  static func upperCamelCase(_ name: String) -> String {
    let words = name.split(separator: "_").map { word -> String in
      initialisms.contains(word.lowercased()) ? word.uppercased() : capitalized(word)
    }
    return words.joined()
  }

  private static let initialisms: Set<String> = ["id", "url", "http", "https"]

  /// A property, parameterless enum case or function, in backticks where it is a keyword, with `_p` behind it where
  /// every message has such a member already.
  static func member(_ name: String) -> String {
    if reservedMembers.contains(name) { return name + "_p" }
    return keywords.contains(name) ? "`\(name)`" : name
  }

  /// Escaped only by backticks.
  static func escaped(_ name: String) -> String {
    keywords.contains(name) ? "`\(name)`" : name
  }

  private static let reservedMembers: Set<String> = [
    "self", "init", "Type", "hashValue", "hash", "unknownFields", "encodeFields", "decodeFields", "wireBytes", "merge",
    "checkRequiredFields", "extensionValue", "extensionValues", "setExtension", "rawValue", "unrecognized", "allCases",
    "none", "some", "_",
  ]

  /// <https://docs.swift.org/swift-book/documentation/the-swift-programming-language/lexicalstructure#Keywords-and-Punctuation>
  private static let keywords: Set<String> = [
    "Any", "Protocol", "Self", "Type", "as", "associatedtype", "await", "break", "case", "catch", "class", "continue",
    "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for",
    "func",
    "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil", "operator", "precedencegroup",
    "private",
    "protocol", "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch",
    "throw", "throws", "true", "try", "typealias", "var", "where", "while",
  ]

  // MARK: Enum cases

  /// Names of the cases of an enum: without the enum's name before them, if what is left tells all numbers apart. Names
  /// that become the same one get their numbers behind them, unless they are names of the same number.
  static func cases(of values: [(name: String, number: Int32)], in enumName: String) -> [String] {
    let prefix = letters(enumName)
    let short = values.map { lowerCamelCase(withoutPrefix(prefix, $0.name) ?? $0.name) }
    let names = ambiguous(short, values.map(\.number)).isEmpty ? short : values.map { lowerCamelCase($0.name) }
    let ambiguous = ambiguous(names, values.map(\.number))
    return zip(names, values).map { name, value in
      guard ambiguous.contains(name) else { return member(name) }
      return name + (value.number < 0 ? "_n\(value.number.magnitude)" : "_\(value.number)")
    }
  }

  /// The names that stand for more than one number.
  private static func ambiguous(_ names: [String], _ numbers: [Int32]) -> Set<String> {
    let byName = Dictionary(grouping: zip(names, numbers), by: \.0)
    return Set(byName.filter { Set($0.value.map(\.1)).count > 1 }.keys)
  }

  /// What follows the prefix, compared without case and underscores; nil if nothing is left that can be a name.
  private static func withoutPrefix(_ prefix: String, _ value: String) -> String? {
    var rest = value[...]
    for letter in prefix {
      while rest.first == "_" { rest.removeFirst() }
      guard let first = rest.first, first.lowercased() == String(letter) else { return nil }
      rest.removeFirst()
    }
    guard rest.first == "_" else { return nil }
    rest = rest.drop { $0 == "_" }
    guard let first = rest.first, first.isLetter else { return nil }
    return String(rest)
  }

  private static func letters(_ name: String) -> String {
    name.lowercased().filter { $0 != "_" }
  }

  // MARK: Files

  /// `users/v1/users.proto` becomes `users_v1_users`: a Swift identifier, and a file name that the generator checks to
  /// be unique.
  static func file(_ path: String) -> String {
    let path = path.hasSuffix(".proto") ? path.dropLast(6) : path[...]
    let name = String(path.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    return name.first?.isNumber ?? true ? "_" + name : name
  }

  /// The file's descriptor among the members of `ProtoFile`.
  static func descriptor(of path: String) -> String {
    member(file(path))
  }

  // MARK: Letters

  static func capitalized(_ word: Substring) -> String {
    word.prefix(1).uppercased() + word.dropFirst()
  }

  private static func isUpperCase(_ word: Substring) -> Bool {
    word.allSatisfy { !$0.isLowercase }
  }
}
