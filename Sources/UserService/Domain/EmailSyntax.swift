/// What this directory takes for an email address: the dot-atom form of RFC 5322, section 3.4.1, with the letters of
/// other scripts as in RFC 6531. Quoted mailboxes, comments and address literals are refused: hardly anybody has one,
/// and they are the door for header injection. A domain of one label is fine: companies have them.
enum EmailSyntax {
  /// RFC 5321, section 4.5.3.1.3, less the angle brackets.
  static let maximumBytes = 254
  /// RFC 5321, section 4.5.3.1.1.
  static let maximumLocalBytes = 64
  /// RFC 1035, section 2.3.4. For labels in other scripts it counts characters, so that no A-label has to be computed.
  static let maximumLabelLength = 63

  static func check(_ address: String) throws(EmailProblem) {
    if address.isEmpty { throw .empty }
    if address.utf8.count > maximumBytes { throw .tooLong }
    let parts = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    if parts.count < 2 { throw .noAt }
    if parts.count > 2 { throw .severalAts }
    try checkLocalPart(Substring(parts[0]))
    try checkDomain(Substring(parts[1]))
  }

  private static func checkLocalPart(_ part: Substring) throws(EmailProblem) {
    if part.isEmpty { throw .localPartEmpty }
    if part.utf8.count > maximumLocalBytes { throw .localPartTooLong }
    var previous: Unicode.Scalar = "."
    for scalar in part.unicodeScalars {
      guard isLocal(scalar) else { throw .forbiddenCharacter }
      if scalar == ".", previous == "." { throw .localPartDots }
      previous = scalar
    }
    if previous == "." { throw .localPartDots }
  }

  private static func checkDomain(_ domain: Substring) throws(EmailProblem) {
    if domain.isEmpty { throw .domainEmpty }
    for label in domain.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false) {
      guard let first = label.first, let last = label.last, label.count <= maximumLabelLength else {
        throw .domainLabelLength
      }
      for scalar in label where !isDomain(scalar) { throw .domainCharacter }
      if first == "-" || last == "-" || isMark(first) { throw .domainLabelHyphen }
    }
  }

  /// atext and the dot in ASCII; beyond it everything that can be seen.
  private static func isLocal(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.isASCII else { return TextRules.isVisible(scalar) }
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9": return true
    case "!", "#", "$", "%", "&", "'", "*", "+", "-", "/", "=", "?", "^", "_", "`", "{", "|", "}", "~", ".": return true
    default: return false
    }
  }

  private static func isDomain(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-": return true
      default: return false
      }
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .decimalNumber:
      return true
    default: return false
    }
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: true
    default: false
    }
  }
}
