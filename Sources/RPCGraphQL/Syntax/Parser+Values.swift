/// Arguments and values. https://spec.graphql.org/October2021/#sec-Input-Values
extension Parser {
  /// Parenthesized, at least one; none without the parenthesis.
  mutating func arguments(isConstant: Bool) throws(SyntaxError) -> [Document.Argument] {
    guard try take(.parenthesis) else { return [] }
    var arguments: [Document.Argument] = []
    repeat { arguments.append(try argument(isConstant: isConstant)) } while try !take(.closingParenthesis)
    return arguments
  }

  private mutating func argument(isConstant: Bool) throws(SyntaxError) -> Document.Argument {
    let offset = token.start
    let name = try name()
    try expect(.colon)
    return .init(name: name, value: try value(isConstant: isConstant), offset: offset)
  }

  /// - Parameter isConstant: variables are refused.
  mutating func value(isConstant: Bool) throws(SyntaxError) -> Document.Value {
    let text = token.value
    switch token.kind {
    case .bracket: return try deeper { (parser) throws(SyntaxError) in try parser.list(isConstant) }
    case .brace: return try deeper { (parser) throws(SyntaxError) in try parser.object(isConstant) }
    case .int:
      try advance()
      return .int(text)
    case .float:
      try advance()
      return .float(text)
    case .string, .blockString:
      try advance()
      return .string(text)
    case .name:
      try advance()
      switch text {
      case "true": return .boolean(true)
      case "false": return .boolean(false)
      case "null": return .null
      default: return .enumValue(text)
      }
    case .dollar:
      let refusal = unexpected
      try advance()
      guard !isConstant else { throw refusal }
      return .variable(try name())
    default: throw unexpected
    }
  }

  private mutating func list(_ isConstant: Bool) throws(SyntaxError) -> Document.Value {
    try advance()
    var values: [Document.Value] = []
    while try !take(.closingBracket) { values.append(try value(isConstant: isConstant)) }
    return .list(values)
  }

  private mutating func object(_ isConstant: Bool) throws(SyntaxError) -> Document.Value {
    try advance()
    var fields: [Document.Argument] = []
    while try !take(.closingBrace) { fields.append(try argument(isConstant: isConstant)) }
    return .object(fields)
  }
}
