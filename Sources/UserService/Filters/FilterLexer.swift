/// Splits a filter into tokens: https://google.aip.dev/assets/misc/ebnf-filtering.txt
struct FilterLexer {
  enum Token: Equatable {
    /// A name, a word or a number without quotes.
    case text(String)
    /// What stood in quotes, unescaped. A `*` at its end that was not escaped is left out of `text`.
    case quoted(text: String, endsInWildcard: Bool)
    case comparison(Comparison)
    case dot
    /// A sign of the grammar that this service does not support: `(`, `)`, `,`, `:`.
    case sign(UInt8)
    case end
  }

  enum Comparison: Equatable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  }

  private let bytes: [UInt8]
  /// Where the next token begins, at the latest.
  private(set) var offset = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// The next token of a name or of the grammar.
  mutating func next() throws(FilterProblem) -> Token {
    skipSpace()
    guard let byte = peek() else { return .end }
    switch byte {
    case UInt8(ascii: "."):
      offset += 1
      return .dot
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: ":"):
      offset += 1
      return .sign(byte)
    case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"): return try comparison(byte)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return try string(quote: byte)
    default: return .text(run(until: Self.endsName))
    }
  }

  /// The next token where a value stands: without quotes it ends only at white space or at `)`, so that a time needs
  /// none.
  mutating func nextValue() throws(FilterProblem) -> Token {
    skipSpace()
    guard let byte = peek() else { return .end }
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return try string(quote: byte) }
    if byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") { return try next() }
    return .text(run(until: { Self.isSpace($0) || $0 == UInt8(ascii: ")") }))
  }

  // MARK: Parts

  private func peek(_ ahead: Int = 0) -> UInt8? {
    offset + ahead < bytes.count ? bytes[offset + ahead] : nil
  }

  private mutating func skipSpace() {
    while let byte = peek(), Self.isSpace(byte) { offset += 1 }
  }

  private mutating func run(until ends: (UInt8) -> Bool) -> String {
    let start = offset
    while let byte = peek(), !ends(byte) { offset += 1 }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func comparison(_ byte: UInt8) throws(FilterProblem) -> Token {
    let isTwo = peek(1) == UInt8(ascii: "=")
    let found: Comparison
    switch (byte, isTwo) {
    case (UInt8(ascii: "="), false): found = .equal
    case (UInt8(ascii: "!"), true): found = .notEqual
    case (UInt8(ascii: "<"), false): found = .less
    case (UInt8(ascii: "<"), true): found = .lessOrEqual
    case (UInt8(ascii: ">"), false): found = .greater
    case (UInt8(ascii: ">"), true): found = .greaterOrEqual
    default: throw FilterProblem(.invalid, "must have =, !=, <, <=, > or >= where it compares", at: offset)
    }
    offset += isTwo ? 2 : 1
    return .comparison(found)
  }

  /// A backslash makes the next character stand for itself.
  private mutating func string(quote: UInt8) throws(FilterProblem) -> Token {
    let start = offset
    offset += 1
    var text: [UInt8] = []
    var isWildcard = false
    while let byte = peek() {
      offset += 1
      if byte == quote {
        if isWildcard { text.removeLast() }
        // The bytes are those of a String, cut only before and behind ASCII characters.
        return .quoted(text: String(decoding: text, as: UTF8.self), endsInWildcard: isWildcard)
      }
      if isWildcard { throw FilterProblem(.notIndexed, "must have a * only at the end of a name", at: offset - 2) }
      if byte == UInt8(ascii: "\\") {
        guard let escaped = peek() else { break }
        offset += 1
        text.append(escaped)
        continue
      }
      isWildcard = byte == UInt8(ascii: "*")
      text.append(byte)
    }
    throw FilterProblem(.invalid, "must end each quoted text", at: start)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  private static func endsName(_ byte: UInt8) -> Bool {
    isSpace(byte) || ".(),:=!<>\"'".utf8.contains(byte)
  }
}
