/// One thing that is wrong with one field of a request.
struct FieldViolation: Sendable, Hashable {
  /// Why, for programs: stable, UPPER_SNAKE_CASE.
  enum Reason: String, Sendable {
    case required = "REQUIRED"
    case invalidFormat = "INVALID_FORMAT"
    case invalidCharacter = "INVALID_CHARACTER"
    case tooShort = "TOO_SHORT"
    case tooLong = "TOO_LONG"
    case guessable = "GUESSABLE"
    case tooMany = "TOO_MANY"
    case outOfRange = "OUT_OF_RANGE"
    case unknownField = "UNKNOWN_FIELD"
    case immutableField = "IMMUTABLE_FIELD"
    case invalidPageToken = "INVALID_PAGE_TOKEN"
    case notIndexed = "NOT_INDEXED"
  }

  /// Path in the request: `user.email`, `user.labels["team"]`.
  let field: String
  /// A sentence fragment that goes after the field: "must not be empty". It never quotes the value.
  let description: String
  let reason: Reason
}

/// Everything that is wrong with a request, collected before anything is done, so that the caller learns all of it at
/// once.
struct FieldViolations: Sendable, Hashable {
  /// Further violations are only counted: the details are sent in a trailer, for which clients allow 8 KiB.
  static let maximumCount = 20

  private(set) var items: [FieldViolation] = []
  private(set) var uncounted = 0

  var isEmpty: Bool { items.isEmpty }
  var count: Int { items.count + uncounted }

  init() {}

  init(_ field: String, _ reason: FieldViolation.Reason, _ description: String) {
    add(field, reason, description)
  }

  mutating func add(_ field: String, _ reason: FieldViolation.Reason, _ description: String) {
    guard items.count < Self.maximumCount else {
      uncounted += 1
      return
    }
    items.append(FieldViolation(field: field, description: description, reason: reason))
  }

  /// - Throws: `invalid` if there is any.
  func check() throws(UserServiceError) {
    if !isEmpty { throw .invalid(self) }
  }

  /// One sentence for the status message: the first violation, and how many more there are. Messages are logged by
  /// clients and proxies, so the key of a map is left to the details: people put emails there.
  var summary: String {
    guard let first = items.first else { return "The request is invalid." }
    let more = count - 1
    // user.labels["team"]
    let parts = first.field.split(separator: "[\"", maxSplits: 1)
    return "\(parts.first ?? "") \(first.description)\(more > 0 ? " (and \(more) more)" : "")."
  }

  /// A key of a map as part of a field's path: shortened, and with everything escaped that could confuse a terminal.
  static func quoted(_ key: String) -> String {
    var text = "\""
    for scalar in key.unicodeScalars {
      if text.utf8.count > 64 { return text + "…\"" }
      switch scalar {
      case "\"", "\\":
        text.unicodeScalars.append("\\")
        text.unicodeScalars.append(scalar)
      case _ where TextRules.isVisible(scalar) || scalar == " ": text.unicodeScalars.append(scalar)
      default: text += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return text + "\""
  }
}
