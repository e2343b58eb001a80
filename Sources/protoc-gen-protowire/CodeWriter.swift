/// Collects lines of Swift with their indentation.
struct CodeWriter {
  private(set) var text = ""
  private var indentation = 0

  mutating func line(_ line: String = "") {
    if !line.isEmpty {
      text += String(repeating: "  ", count: indentation)
      text += line
    }
    text += "\n"
  }

  mutating func indented(_ body: (inout CodeWriter) -> Void) {
    indentation += 1
    body(&self)
    indentation -= 1
  }

  /// `head {`, the body, `}`; a closure's parameters stand behind the brace.
  mutating func block(_ head: String, parameters: String? = nil, _ body: (inout CodeWriter) -> Void) {
    line(head + " {" + (parameters.map { " \($0) in" } ?? ""))
    indented(body)
    line("}")
  }

  /// `switch subject {`, the cases at the same indentation, `}`.
  mutating func cases(of subject: String, _ body: (inout CodeWriter) -> Void) {
    line("switch " + subject + " {")
    body(&self)
    line("}")
  }

  /// Documentation comment.
  mutating func documentation(_ lines: [String]) {
    for text in lines {
      line(text.isEmpty ? "///" : "/// " + text)
    }
  }
}
