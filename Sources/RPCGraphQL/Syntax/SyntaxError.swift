/// Why a text is no executable document of GraphQL, or more than a limit allows.
public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A sentence without a point; it quotes no more of the text than a character or a token.
  public let message: String
  /// From 1.
  public let line: Int
  /// From 1, in Unicode scalars.
  public let column: Int

  /// "Syntax Error: … (line 1, column 7)", as other implementations begin it.
  public var description: String { "Syntax Error: \(message) (line \(line), column \(column))" }

  init(_ message: String, at offset: Int, in text: [UInt8]) {
    self.message = message
    var line = 1
    var column = 1
    var index = 0
    while index < min(offset, text.count) {
      let byte = text[index]
      if byte == 0x0a || byte == 0x0d && (index + 1 >= text.count || text[index + 1] != 0x0a) {
        line += 1
        column = 1
      } else if byte & 0xc0 != 0x80 {
        column += 1
      }
      index += 1
    }
    self.line = line
    self.column = column
  }
}
