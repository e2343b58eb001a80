/// Why a text is not ProtoJSON of a message, or why a message has no ProtoJSON.
///
/// ```swift
/// do {
///   user = try User(json: #"{"labels": {"team": 7}}"#, transcoder)
/// } catch {
///   error.code         // .invalidValue
///   error.path         // ["labels", "[\"team\"]"]
///   error.column       // 21
/// }
/// ```
public struct JSONError: Error, Hashable, Sendable {
  /// What is wrong.
  ///
  /// ```swift
  /// if error.code == .unknownField { options.ignoresUnknownFields = true }
  /// ```
  public struct Code: Hashable, Sendable {
    private enum Kind: UInt8 {
      case syntax, unknownField, duplicateField, invalidValue, outOfRange, missingRequired, unknownType, limit, wire
    }

    private let kind: Kind

    private init(_ kind: Kind) {
      self.kind = kind
    }

    /// The text is not JSON (RFC 8259), or not UTF-8.
    public static let syntax = Code(.syntax)
    /// The message has no field, or the enum no value, of that name.
    public static let unknownField = Code(.unknownField)
    /// A field, a map key or a oneof occurs twice.
    public static let duplicateField = Code(.duplicateField)
    /// The value is of a kind that the field's type does not accept.
    public static let invalidValue = Code(.invalidValue)
    /// A number, a time or a duration is out of its type's range.
    public static let outOfRange = Code(.outOfRange)
    /// A required field of proto2 is absent.
    public static let missingRequired = Code(.missingRequired)
    /// The pool does not know the message type.
    public static let unknownType = Code(.unknownType)
    /// The input is too deep or too large: see `JSONOptions`.
    public static let limit = Code(.limit)
    /// The bytes are not a message.
    public static let wire = Code(.wire)
  }

  /// What is wrong, for programs.
  public let code: Code

  /// What is wrong, for developers. It never contains input.
  public let message: String

  /// The line in the text, from 1; 0 if the input was wire bytes.
  public internal(set) var line = 0
  /// The column in that line, in bytes from 1.
  public internal(set) var column = 0

  /// Names of the fields from the outermost message to the fault, as JSON has them, with indices such as `[3]` and keys
  /// such as `["en"]` behind those of arrays and maps.
  public internal(set) var path: [String] = []

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The same error, found inside the field `name`.
  func inside(_ name: String) -> JSONError {
    var error = self
    error.path.insert(name, at: 0)
    return error
  }
}

extension JSONError: CustomStringConvertible {
  /// One sentence such as `users[3].createTime: a timestamp is malformed (line 3, column 17)`.
  ///
  /// ```swift
  /// print(error)  // labels["team"]: …
  /// ```
  public var description: String {
    var text = path.reduce("") { $0.isEmpty || $1.hasPrefix("[") ? $0 + $1 : $0 + "." + $1 }
    text += path.isEmpty ? message : ": " + message
    if line > 0 { text += " (line \(line), column \(column))" }
    return text
  }
}
