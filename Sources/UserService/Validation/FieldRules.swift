/// The rules for single fields. Each returns the value to store, or adds a violation and returns nil.
enum FieldRules {
  /// In Unicode scalars, because a grapheme cluster may have any length.
  static let maximumNameLength = 200
  static let maximumLabels = 64
  static let maximumLabelKeyLength = 63
  static let maximumLabelValueBytes = 256

  private static let controlCharacters =
    "must not have line ends, nor characters that control a terminal or the direction of text"

  /// The id of an existing user.
  static func id(_ text: String, field: String, into violations: inout FieldViolations) -> UserID? {
    if text.isEmpty {
      violations.add(field, .required, "must not be empty")
      return nil
    }
    guard let id = UserID(text) else {
      violations.add(field, .invalidFormat, "must be a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057")
      return nil
    }
    return id
  }

  /// An id for a new user.
  static func newID(_ text: String, field: String, into violations: inout FieldViolations) -> UserID? {
    guard let id = id(text, field: field, into: &violations) else { return nil }
    guard id != .nil else {
      violations.add(field, .outOfRange, "must not be the nil UUID")
      return nil
    }
    return id
  }

  static func email(_ text: String, field: String, into violations: inout FieldViolations) -> EmailAddress? {
    do throws(EmailProblem) {
      return try EmailAddress(text)
    } catch {
      let reason: FieldViolation.Reason =
        switch error {
        case .empty: .required
        case .tooLong, .localPartTooLong: .tooLong
        case .forbiddenCharacter, .domainCharacter: .invalidCharacter
        default: .invalidFormat
        }
      violations.add(field, reason, error.description)
      return nil
    }
  }

  /// A name is for people to read: any text without control characters, trimmed. It may be empty; otherwise at least
  /// one character must be visible. Invisible characters, such as the joiners of Persian and emoji, are allowed,
  /// because names are not compared.
  static func name(_ text: String, field: String, into violations: inout FieldViolations) -> String? {
    let name = NormalForm.trimmed(text)
    var isGood = true
    // Bytes first, to avoid counting the characters of megabytes.
    if name.utf8.count > maximumNameLength * 4 || name.unicodeScalars.count > maximumNameLength {
      violations.add(field, .tooLong, "must not be longer than \(maximumNameLength) characters")
      isGood = false
    }
    if TextRules.hasControlCharacter(name) {
      violations.add(field, .invalidCharacter, controlCharacters)
      isGood = false
    } else if isGood, !name.isEmpty, !name.unicodeScalars.contains(where: TextRules.isVisible) {
      violations.add(field, .invalidCharacter, "must be empty or have a character that can be seen")
      isGood = false
    }
    return isGood ? name : nil
  }

  static func labels(
    _ labels: [String: String], field: String, into violations: inout FieldViolations
  ) -> [String: String]? {
    guard labels.count <= maximumLabels else {
      violations.add(field, .tooMany, "must not have more than \(maximumLabels) entries")
      return nil
    }
    let before = violations.count
    // In the order of the keys, so that the same request always gets the same answer.
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
      // Only for labels that are wrong: quoting looks at each character.
      var path: String { "\(field)[\(FieldViolations.quoted(key))]" }
      if key.isEmpty {
        violations.add(path, .required, "must have a key")
      } else if key.utf8.count > maximumLabelKeyLength {
        violations.add(path, .tooLong, "must have a key of at most \(maximumLabelKeyLength) characters")
      } else if !key.utf8.allSatisfy(isLabelKey) {
        violations.add(path, .invalidCharacter, "must have a key of only a-z, 0-9 and _ . / -")
      }
      if value.utf8.count > maximumLabelValueBytes {
        violations.add(path, .tooLong, "must have a value of at most \(maximumLabelValueBytes) bytes")
      } else if TextRules.hasControlCharacter(value) {
        violations.add(path, .invalidCharacter, controlCharacters)
      }
    }
    return violations.count == before ? labels : nil
  }

  /// Whether a label may have this key.
  static func isLabelKey(_ key: String) -> Bool {
    (1...maximumLabelKeyLength).contains(key.utf8.count) && key.utf8.allSatisfy(isLabelKey)
  }

  private static func isLabelKey(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
