/// A lexical token. https://spec.graphql.org/October2021/#sec-Language.Source-Text.Lexical-Tokens
struct Token {
  enum Kind: Equatable {
    case end, bang, dollar, ampersand, parenthesis, closingParenthesis, spread, colon, equals, at, bracket
    case closingBracket, brace, closingBrace, pipe, name, int, float, string, blockString
  }

  let kind: Kind
  /// Bytes of the document.
  let start: Int
  let end: Int
  /// Of names and numbers their text, of strings what they stand for.
  let value: String
}
