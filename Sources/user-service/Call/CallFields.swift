import ArgumentParser

/// Fields that are given as arguments, as the JSON of an object.
enum CallFields {
  /// An object of `name=value` and `outer.inner=value`. Values are text, unless they look like something else in JSON:
  /// true, false, null, an object, an array or a quoted text. ProtoJSON takes numbers as text.
  static func json(_ fields: [String]) throws -> String {
    let root = JSONObject()
    for field in fields {
      guard let equals = field.firstIndex(of: "="), equals != field.startIndex else {
        throw ValidationError("'\(field)' is not NAME=VALUE.")
      }
      let path = field[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let value = String(field[field.index(after: equals)...])
      guard !path.contains(""), root.set(path[...], isJSON(value) ? value : quoted(value)) else {
        throw ValidationError("'\(field)' has a name that is none, or that another one has already.")
      }
    }
    return root.text
  }

  private static func isJSON(_ value: String) -> Bool {
    ["true", "false", "null"].contains(value) || value.first.map { "{[\"".contains($0) } == true
  }

  fileprivate static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

/// An object that is put together field by field.
private final class JSONObject {
  private enum Value {
    case text(String)
    case object(JSONObject)
  }

  private var fields: [(name: String, value: Value)] = []

  /// - Returns: false if the name has a value already.
  func set(_ path: ArraySlice<String>, _ value: String) -> Bool {
    guard let name = path.first else { return false }
    let existing = fields.first { $0.name == name }?.value
    if path.count == 1 {
      if existing != nil { return false }
      fields.append((name, .text(value)))
      return true
    }
    switch existing {
    case .text?: return false
    case .object(let inner)?: return inner.set(path.dropFirst(), value)
    case nil:
      let inner = JSONObject()
      fields.append((name, .object(inner)))
      return inner.set(path.dropFirst(), value)
    }
  }

  var text: String {
    let parts = fields.map { field in
      let value =
        switch field.value {
        case .text(let text): text
        case .object(let object): object.text
        }
      return "\(CallFields.quoted(field.name)):\(value)"
    }
    return "{" + parts.joined(separator: ",") + "}"
  }
}
