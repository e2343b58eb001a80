/// Divides a document into tokens. https://spec.graphql.org/October2021/#sec-Appendix-Grammar-Summary.Lexical-Tokens
struct Lexer {
  /// UTF-8.
  let text: [UInt8]
  var index = 0

  init(_ text: [UInt8]) { self.text = text }

  /// The byte at a place; 0 behind the end.
  func byte(_ place: Int) -> UInt8 { place < text.count ? text[place] : 0 }

  func error(_ message: String, at offset: Int) -> SyntaxError { SyntaxError(message, at: offset, in: text) }

  mutating func next() throws(SyntaxError) -> Token {
    skipIgnored()
    guard index < text.count else { return Token(kind: .end, start: index, end: index, value: "") }
    let start = index
    switch text[index] {
    case UInt8(ascii: "!"): return punctuator(.bang)
    case UInt8(ascii: "$"): return punctuator(.dollar)
    case UInt8(ascii: "&"): return punctuator(.ampersand)
    case UInt8(ascii: "("): return punctuator(.parenthesis)
    case UInt8(ascii: ")"): return punctuator(.closingParenthesis)
    case UInt8(ascii: ":"): return punctuator(.colon)
    case UInt8(ascii: "="): return punctuator(.equals)
    case UInt8(ascii: "@"): return punctuator(.at)
    case UInt8(ascii: "["): return punctuator(.bracket)
    case UInt8(ascii: "]"): return punctuator(.closingBracket)
    case UInt8(ascii: "{"): return punctuator(.brace)
    case UInt8(ascii: "}"): return punctuator(.closingBrace)
    case UInt8(ascii: "|"): return punctuator(.pipe)
    case UInt8(ascii: "."):
      guard byte(index + 1) == text[index], byte(index + 2) == text[index] else { throw unexpected(at: start) }
      return punctuator(.spread, length: 3)
    case UInt8(ascii: "\""):
      return byte(index + 1) == text[index] && byte(index + 2) == text[index] ? try blockString() : try string()
    case UInt8(ascii: "-"): return try number()
    case let byte where byte.isDigit: return try number()
    case let byte where byte.isNameStart:
      while index < text.count, text[index].isNameStart || text[index].isDigit { index += 1 }
      return token(.name, from: start)
    default: throw unexpected(at: start)
    }
  }

  /// Byte order marks, white space, line ends, commas and comments.
  private mutating func skipIgnored() {
    while index < text.count {
      switch text[index] {
      case 0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: ","): index += 1
      case 0xef where byte(index + 1) == 0xbb && byte(index + 2) == 0xbf: index += 3
      case UInt8(ascii: "#"):
        while index < text.count, text[index] != 0x0a, text[index] != 0x0d { index += 1 }
      default: return
      }
    }
  }

  private mutating func punctuator(_ kind: Token.Kind, length: Int = 1) -> Token {
    index += length
    return Token(kind: kind, start: index - length, end: index, value: "")
  }

  private func token(_ kind: Token.Kind, from start: Int) -> Token {
    Token(kind: kind, start: start, end: index, value: String(decoding: text[start..<index], as: UTF8.self))
  }

  func unexpected(at place: Int) -> SyntaxError {
    guard place < text.count else { return error("the document ends too early", at: place) }
    let byte = text[place]
    let shown = (0x21..<0x7f).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "a character"
    return error("\(shown) is unexpected here", at: place)
  }

  // MARK: Numbers

  private mutating func number() throws(SyntaxError) -> Token {
    let start = index
    var kind = Token.Kind.int
    if byte(index) == UInt8(ascii: "-") { index += 1 }
    if byte(index) == UInt8(ascii: "0") {
      index += 1
      if byte(index).isDigit { throw error("a number has a zero before other digits", at: index) }
    } else {
      try digits()
    }
    if byte(index) == UInt8(ascii: ".") {
      kind = .float
      index += 1
      try digits()
    }
    if byte(index) | 0x20 == UInt8(ascii: "e") {
      kind = .float
      index += 1
      if byte(index) == UInt8(ascii: "+") || byte(index) == UInt8(ascii: "-") { index += 1 }
      try digits()
    }
    // Else `1x` would be a number and a name.
    guard byte(index) != UInt8(ascii: "."), !byte(index).isNameStart else { throw unexpected(at: index) }
    return token(kind, from: start)
  }

  private mutating func digits() throws(SyntaxError) {
    guard byte(index).isDigit else { throw error("a digit is expected", at: index) }
    while byte(index).isDigit { index += 1 }
  }
}

extension UInt8 {
  var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
  var isNameStart: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 || self == UInt8(ascii: "_") }
}
