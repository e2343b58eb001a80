/// A path of `google.api.http`, such as `/v1/{name=shelves/*}/books:search`.
/// https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
struct PathTemplate: Sendable, Hashable {
  enum Segment: Sendable, Hashable {
    case literal(String)
    /// `*`: one segment.
    case single
    /// `**`: none or more, up to the end or the verb.
    case multiple
  }

  /// A part of the path that is the value of a field.
  struct Variable: Sendable, Hashable {
    /// Names of fields, from the request's down.
    let field: [String]
    /// The segments that the variable covers.
    let segments: Range<Int>
  }

  private(set) var segments: [Segment] = []
  private(set) var variables: [Variable] = []
  /// What follows the last colon; empty without one.
  private(set) var verb = ""

  init(_ text: String) throws(GatewayError) {
    var parser = Parser(text)
    do throws(GatewayError) {
      try parser.expect("/")
      try parser.segments(inVariable: false)
      if parser.take(":") { verb = try parser.literal() }
      guard parser.isAtEnd else { throw parser.unexpected }
    } catch {
      throw GatewayError("the path \(text) is malformed: \(error)")
    }
    segments = parser.found
    variables = parser.variables
    if let multiple = segments.firstIndex(of: .multiple), multiple != segments.count - 1 {
      throw GatewayError("the path \(text) has something behind **")
    }
    guard Set(variables.map(\.field)).count == variables.count else {
      throw GatewayError("the path \(text) has a variable twice")
    }
  }

  /// Whether a variable is one segment, whatever it says: its value is decoded whole.
  func isSingle(_ variable: Variable) -> Bool {
    variable.segments.count == 1 && segments[variable.segments.lowerBound] == .single
  }

  private struct Parser {
    private let text: [Character]
    private var index = 0
    var found: [Segment] = []
    var variables: [Variable] = []

    init(_ text: String) { self.text = Array(text) }

    var isAtEnd: Bool { index == text.count }
    var unexpected: GatewayError {
      GatewayError(isAtEnd ? "it ends too early" : "there is '\(text[index])' at \(index)")
    }

    mutating func take(_ character: Character) -> Bool {
      guard index < text.count, text[index] == character else { return false }
      index += 1
      return true
    }

    mutating func expect(_ character: Character) throws(GatewayError) {
      guard take(character) else { throw unexpected }
    }

    mutating func segments(inVariable: Bool) throws(GatewayError) {
      repeat {
        if take("*") {
          found.append(take("*") ? .multiple : .single)
        } else if !inVariable, take("{") {
          try variable()
        } else {
          found.append(.literal(try literal()))
        }
      } while take("/")
    }

    private mutating func variable() throws(GatewayError) {
      var field: [String] = []
      repeat { field.append(try word { $0.isLetter || $0.isNumber || $0 == "_" }) } while take(".")
      let start = found.count
      if take("=") { try segments(inVariable: true) } else { found.append(.single) }
      try expect("}")
      variables.append(Variable(field: field, segments: start..<found.count))
    }

    /// Decoded, because the router compares it with decoded segments of requests.
    mutating func literal() throws(GatewayError) -> String {
      let text = try word { !"/*{}:=?#".contains($0) && !$0.isWhitespace }
      guard let decoded = PercentDecoding.text(Array(text.utf8)) else {
        throw GatewayError("'\(text)' is no percent-encoded text")
      }
      return decoded
    }

    private mutating func word(_ isPart: (Character) -> Bool) throws(GatewayError) -> String {
      let start = index
      while index < text.count, isPart(text[index]) { index += 1 }
      guard index > start else { throw unexpected }
      return String(text[start..<index])
    }
  }
}
