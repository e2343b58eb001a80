import ProtoWire

/// The comments of a file, by the path of what they are about.
struct Comments {
  private var lines: [[Int32]: [String]] = [:]

  init(_ info: Google_Protobuf_SourceCodeInfo?) {
    for location in info?.location ?? [] {
      guard let comment = location.leadingComments ?? location.trailingComments else { continue }
      lines[location.path] = Self.cleaned(comment)
    }
  }

  subscript(path: [Int32]) -> [String] {
    lines[path] ?? []
  }

  /// A comment with a line behind it where the declaration is deprecated. No attribute: the generated code itself,
  /// which has to read and write the field, would be warned about.
  static func documentation(_ lines: [String], isDeprecated: Bool?) -> [String] {
    guard isDeprecated ?? false else { return lines }
    return lines.isEmpty ? ["Deprecated."] : lines + ["", "Deprecated."]
  }

  /// Without the space behind `//`, and without empty lines around.
  private static func cleaned(_ comment: String) -> [String] {
    var lines = comment.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var line = line.hasPrefix(" ") ? line.dropFirst() : line
      while line.last?.isWhitespace ?? false { line.removeLast() }
      return String(line)
    }
    while lines.last?.isEmpty ?? false { lines.removeLast() }
    while lines.first?.isEmpty ?? false { lines.removeFirst() }
    return lines
  }
}
