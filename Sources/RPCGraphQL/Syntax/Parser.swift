/// Reads an executable document. It looks one token ahead, and its recursion is as deep as the limit allows.
/// https://spec.graphql.org/October2021/#sec-Appendix-Grammar-Summary
struct Parser {
  typealias Document = ExecutableDocument

  private var lexer: Lexer
  private let limits: SyntaxLimits
  private(set) var token = Token(kind: .end, start: 0, end: 0, value: "")
  private var tokens = 0
  private var depth = 0
  private var aliases = 0
  private var directiveCount = 0

  private init(_ text: [UInt8], _ limits: SyntaxLimits) throws(SyntaxError) {
    lexer = Lexer(text)
    self.limits = limits
    try advance()
  }

  /// - Throws: `SyntaxError` at the first fault.
  static func parse(_ text: [UInt8], limits: SyntaxLimits = .init()) throws(SyntaxError) -> Document {
    guard String(validating: text, as: UTF8.self) != nil else {
      throw SyntaxError("the document is not UTF-8", at: 0, in: [])
    }
    var parser = try Parser(text, limits)
    var document = Document()
    repeat { try parser.definition(&document) } while parser.token.kind != .end
    return document
  }

  // MARK: Tokens

  mutating func advance() throws(SyntaxError) {
    token = try lexer.next()
    tokens += 1
    guard tokens <= limits.tokens else { throw error("the document has more than \(limits.tokens) tokens") }
  }

  func error(_ message: String) -> SyntaxError { lexer.error(message, at: token.start) }

  var unexpected: SyntaxError {
    token.kind == .name
      ? error("the name \(token.value.prefix(50)) is unexpected here") : lexer.unexpected(at: token.start)
  }

  mutating func take(_ kind: Token.Kind) throws(SyntaxError) -> Bool {
    guard token.kind == kind else { return false }
    try advance()
    return true
  }

  mutating func expect(_ kind: Token.Kind) throws(SyntaxError) {
    guard try take(kind) else { throw unexpected }
  }

  mutating func name() throws(SyntaxError) -> String {
    guard token.kind == .name else { throw unexpected }
    let name = token.value
    try advance()
    return name
  }

  private func isWord(_ word: String) -> Bool { token.kind == .name && token.value == word }

  mutating func deeper<T>(
    _ body: (inout Parser) throws(SyntaxError) -> T
  ) throws(SyntaxError) -> T {
    guard depth < limits.depth else { throw error("the document is nested deeper than \(limits.depth)") }
    depth += 1
    let result = try body(&self)
    depth -= 1
    return result
  }

  // MARK: Definitions

  private mutating func definition(_ document: inout Document) throws(SyntaxError) {
    let offset = token.start
    if token.kind == .brace {
      let selections = try selectionSet()
      document.operations.append(
        .init(kind: .query, name: nil, variables: [], directives: [], selections: selections, offset: offset))
    } else if token.kind == .name, let kind = Document.Operation.Kind(rawValue: token.value) {
      try advance()
      let name = token.kind == .name ? try name() : nil
      let variables = try variables()
      let directives = try directives(isConstant: false)
      document.operations.append(
        .init(
          kind: kind, name: name, variables: variables, directives: directives, selections: try selectionSet(),
          offset: offset))
    } else if isWord("fragment") {
      try advance()
      let name = try fragmentName()
      guard isWord("on") else { throw unexpected }
      try advance()
      let type = try self.name()
      let directives = try directives(isConstant: false)
      document.fragments.append(
        .init(name: name, type: type, directives: directives, selections: try selectionSet(), offset: offset))
    } else {
      throw unexpected
    }
  }

  private mutating func fragmentName() throws(SyntaxError) -> String {
    guard !isWord("on") else { throw unexpected }
    return try name()
  }

  private mutating func variables() throws(SyntaxError) -> [Document.Variable] {
    guard try take(.parenthesis) else { return [] }
    var variables: [Document.Variable] = []
    repeat {
      let offset = token.start
      try expect(.dollar)
      let name = try name()
      try expect(.colon)
      let type = try typeReference()
      let defaultValue = try take(.equals) ? try value(isConstant: true) : nil
      variables.append(
        .init(
          name: name, type: type, defaultValue: defaultValue, directives: try directives(isConstant: true),
          offset: offset))
    } while try !take(.closingParenthesis)
    return variables
  }

  private mutating func typeReference() throws(SyntaxError) -> Document.TypeReference {
    let type: Document.TypeReference
    if try take(.bracket) {
      type = .list(try deeper { (parser) throws(SyntaxError) in try parser.typeReference() })
      try expect(.closingBracket)
    } else {
      type = .named(try name())
    }
    return try take(.bang) ? .nonNull(type) : type
  }

  // MARK: Selections

  private mutating func selectionSet() throws(SyntaxError) -> [Document.Selection] {
    try deeper { (parser) throws(SyntaxError) in
      try parser.expect(.brace)
      var selections: [Document.Selection] = []
      repeat { selections.append(try parser.selection()) } while try !parser.take(.closingBrace)
      return selections
    }
  }

  private mutating func selection() throws(SyntaxError) -> Document.Selection {
    let offset = token.start
    guard try take(.spread) else { return .field(try field()) }
    var type: String?
    if isWord("on") {
      try advance()
      type = try name()
    } else if token.kind == .name {
      let name = try fragmentName()
      return .spread(name: name, directives: try directives(isConstant: false), offset: offset)
    }
    let directives = try directives(isConstant: false)
    return .inline(type: type, directives: directives, selections: try selectionSet(), offset: offset)
  }

  private mutating func field() throws(SyntaxError) -> Document.Field {
    let offset = token.start
    var alias: String?
    var name = try name()
    if try take(.colon) {
      aliases += 1
      guard aliases <= limits.aliases else { throw error("the document has more than \(limits.aliases) aliases") }
      alias = name
      name = try self.name()
    }
    let arguments = try arguments(isConstant: false)
    let directives = try directives(isConstant: false)
    let selections = token.kind == .brace ? try selectionSet() : []
    return .init(
      alias: alias, name: name, arguments: arguments, directives: directives, selections: selections, offset: offset)
  }

  private mutating func directives(isConstant: Bool) throws(SyntaxError) -> [Document.Directive] {
    var directives: [Document.Directive] = []
    while token.kind == .at {
      directiveCount += 1
      guard directiveCount <= limits.directives else {
        throw error("the document has more than \(limits.directives) directives")
      }
      let offset = token.start
      try advance()
      let name = try name()
      directives.append(.init(name: name, arguments: try arguments(isConstant: isConstant), offset: offset))
    }
    return directives
  }
}
