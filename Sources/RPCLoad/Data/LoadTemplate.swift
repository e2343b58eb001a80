/// Text with actions in double braces, of which each call gets its own: `{"id": "{{newUUID}}"}`. A subset of the
/// templates of ghz, which are those of Go:
///
/// | action | becomes |
/// |---|---|
/// | `.RequestNumber` | the number of the call, from 0 |
/// | `.WorkerID` | the number of the worker that makes it, from 0 |
/// | `.UUID`, `newUUID` | a random UUID |
/// | `.Timestamp`, `.TimestampUnix`, `.TimestampUnixMilli`, `.TimestampUnixNano` | the time, as RFC 3339 or a number |
/// | `.FullyQualifiedName`, `.ServiceName`, `.MethodName` | of the method |
/// | `randomInt LOW HIGH` | a whole number from LOW to HIGH, both included |
/// | `randomString N` | N random letters and digits |
package struct LoadTemplate: Sendable, Hashable {
  private enum Piece: Hashable {
    case text(String)
    case requestNumber, worker, uuid
    case timestamp, unixSeconds, unixMilliseconds, unixNanoseconds
    case fullName, service, method
    case integer(ClosedRange<Int>)
    case string(Int)
  }

  /// The longest random text.
  private static let lengthLimit = 1 << 20

  private var pieces: [Piece] = []

  /// - Throws: `LoadError` for an action that there is not, or braces that are not closed.
  package init(_ text: String) throws(LoadError) {
    var rest = Substring(text)
    while let start = rest.firstRange(of: "{{") {
      if start.lowerBound != rest.startIndex { pieces.append(.text(String(rest[..<start.lowerBound]))) }
      rest = rest[start.upperBound...]
      guard let end = rest.firstRange(of: "}}") else { throw LoadError("'{{' in the data has no '}}'") }
      pieces.append(try Self.piece(rest[..<end.lowerBound]))
      rest = rest[end.upperBound...]
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
  }

  /// Whether all calls get the same text.
  package var isFixed: Bool {
    pieces.allSatisfy {
      switch $0 {
      case .text, .fullName, .service, .method: true
      default: false
      }
    }
  }

  private static func piece(_ action: Substring) throws(LoadError) -> Piece {
    let words = action.split { $0 == " " || $0 == "\t" }.map(String.init)
    func number(_ index: Int) throws(LoadError) -> Int {
      guard index < words.count, let number = Int(words[index]) else {
        throw LoadError("'{{\(action)}}': \(words[0]) takes whole numbers, as in '{{randomInt 1 100}}'")
      }
      return number
    }
    switch (words.first, words.count) {
    case (".RequestNumber", 1): return .requestNumber
    case (".WorkerID", 1): return .worker
    case (".UUID", 1), ("newUUID", 1): return .uuid
    case (".Timestamp", 1): return .timestamp
    case (".TimestampUnix", 1): return .unixSeconds
    case (".TimestampUnixMilli", 1): return .unixMilliseconds
    case (".TimestampUnixNano", 1): return .unixNanoseconds
    case (".FullyQualifiedName", 1): return .fullName
    case (".ServiceName", 1): return .service
    case (".MethodName", 1): return .method
    case ("randomInt", 3):
      let (low, high) = (try number(1), try number(2))
      guard low <= high else { throw LoadError("'{{\(action)}}': \(low) is above \(high)") }
      return .integer(low...high)
    case ("randomString", 2):
      let count = try number(1)
      guard (0...lengthLimit).contains(count) else {
        throw LoadError("'{{\(action)}}': the length must be 0 to \(lengthLimit)")
      }
      return .string(count)
    default:
      throw LoadError(
        """
        there is no '{{\(action)}}'; there are .RequestNumber, .WorkerID, .UUID, .Timestamp, .TimestampUnix, \
        .TimestampUnixMilli, .TimestampUnixNano, .FullyQualifiedName, .ServiceName, .MethodName, newUUID, \
        randomInt LOW HIGH and randomString N
        """)
    }
  }

  /// The text of one call.
  package func text(_ values: TemplateValues, using random: inout some RandomNumberGenerator) -> String {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let literal): text += literal
      case .requestNumber: text += "\(values.requestNumber)"
      case .worker: text += "\(values.worker)"
      case .uuid: text += TemplateValues.uuid(using: &random)
      case .timestamp: text += TemplateValues.timestamp(TemplateValues.clock().seconds)
      case .unixSeconds: text += "\(TemplateValues.clock().seconds)"
      case .unixMilliseconds:
        let (seconds, nanoseconds) = TemplateValues.clock()
        text += "\(seconds * 1000 + nanoseconds / 1_000_000)"
      case .unixNanoseconds:
        let (seconds, nanoseconds) = TemplateValues.clock()
        text += "\(seconds * 1_000_000_000 + nanoseconds)"
      case .fullName: text += values.method
      case .service: text += values.service
      case .method: text += values.method.dropFirst(values.service.count + 1)
      case .integer(let range): text += "\(Int.random(in: range, using: &random))"
      case .string(let count): text += TemplateValues.randomString(count, using: &random)
      }
    }
    return text
  }
}
