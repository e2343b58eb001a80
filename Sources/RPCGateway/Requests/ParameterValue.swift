import ProtoWire
import RPCServer

/// The text of a path variable or a query parameter, as JSON of its field's type. The JSON parser refuses what is not a
/// value of the type; this checks only values that JSON writes in another form than parameters do.
enum ParameterValue {
  enum Failure: Error, Hashable {
    case notBoolean
    /// The field's type has no text: a message, a list of values.
    case noParameter

    var description: String {
      switch self {
      case .notBoolean: "must be true or false"
      case .noParameter: "can't be given as a parameter"
      }
    }
  }

  static func json(_ text: String, _ field: FieldType) throws(Failure) -> String {
    guard field.kind == .message else { return try json(text, field.kind) }
    switch WellKnown(field.typeName) {
    case .wrapper(let kind): return try json(text, kind)
    case .timestamp, .duration: return quoted(text)
    case .fieldMask: return quoted(camelCase(text))
    default: throw .noParameter
    }
  }

  private static func json(_ text: String, _ kind: FieldType.Kind) throws(Failure) -> String {
    switch kind {
    case .bool:
      guard text == "true" || text == "false" else { throw .notBoolean }
      return text
    // An enum's number is no string in JSON.
    case .enum where Int32(text) != nil: return text
    case .message, .group: throw .noParameter
    default: return quoted(text)
    }
  }

  static func quoted(_ text: String) -> String { String(decoding: ErrorDocument.string(text), as: UTF8.self) }

  /// JSON has the paths of a mask with the names of JSON: `create_time` is `createTime`. Parameters may have either.
  private static func camelCase(_ mask: String) -> String {
    var output = ""
    var isUpper = false
    for character in mask {
      if character == "_" {
        isUpper = true
      } else {
        output += isUpper ? character.uppercased() : String(character)
        isUpper = false
      }
    }
    return output
  }
}
