/// What this directory takes for an email address: the dot-atom form of RFC 5322, section 3.4.1, with the letters of
/// other scripts as in RFC 6531. Quoted mailboxes, comments and address literals are refused: hardly anybody has one,
/// and they are the door for header injection. A domain of one label is fine: companies have them.
enum EmailSyntax {
  /// RFC 5321, section 4.5.3.1.3, less the angle brackets.
  static let maximumBytes = 254
  /// RFC 5321, section 4.5.3.1.1.
  static let maximumLocalBytes = 64
  /// RFC 1035, section 2.3.4.
  static let maximumLabelBytes = 63

  /// - Returns: nil if the address is plain: ASCII, and no part of its domain an A-label. Otherwise its two parts; what
  ///   other scripts may do in a domain is then for IDNA to say.
  static func check(_ address: String) throws(EmailProblem) -> (local: Substring, domain: Substring)? {
    if address.isEmpty { throw .empty }
    if address.utf8.count > maximumBytes { throw .tooLong }
    let parts = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    if parts.count < 2 { throw .noAt }
    if parts.count > 2 { throw .severalAts }
    let (local, domain) = (Substring(parts[0]), Substring(parts[1]))
    try checkLocalPart(local)
    let isPlain = try checkDomain(domain)
    return isPlain && local.utf8.allSatisfy { $0 < 0x80 } ? nil : (local, domain)
  }

  static func checkLocalPart(_ part: Substring) throws(EmailProblem) {
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

  /// - Returns: whether all of its parts are plain.
  private static func checkDomain(_ domain: Substring) throws(EmailProblem) -> Bool {
    if domain.isEmpty { throw .domainEmpty }
    var isPlain = true
    for label in domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      if DomainName.isPlain(label) {
        try checkDomainLabel(label)
        continue
      }
      isPlain = false
      for scalar in Substring(label).unicodeScalars {
        let isGood = scalar.isASCII ? isDomain(UInt8(scalar.value)) : TextRules.isVisible(scalar)
        if !isGood { throw .domainCharacter }
      }
    }
    return isPlain
  }

  /// A part of a domain as the DNS has it.
  static func checkDomainLabel(_ label: Substring.UTF8View) throws(EmailProblem) {
    guard let first = label.first, let last = label.last, label.count <= maximumLabelBytes else {
      throw .domainLabelLength
    }
    guard label.allSatisfy(isDomain) else { throw .domainCharacter }
    if first == UInt8(ascii: "-") || last == UInt8(ascii: "-") { throw .domainLabelHyphen }
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

  private static func isDomain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
