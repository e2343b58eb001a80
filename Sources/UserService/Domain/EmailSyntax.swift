/// What the service accepts as an email address: the dot-atom form of RFC 5322, section 3.4.1, with the letters of
/// other scripts as in RFC 6531. It refuses quoted mailboxes, comments and address literals, which hardly anybody has,
/// and which invite header injection. It accepts a domain of one label, because companies use them internally.
enum EmailSyntax {
  /// RFC 5321, section 4.5.3.1.3, less the angle brackets.
  static let maximumBytes = 254
  /// RFC 5321, section 4.5.3.1.1.
  static let maximumLocalBytes = 64
  /// RFC 1035, section 2.3.4.
  static let maximumLabelBytes = 63

  /// Whether a text is an address in ASCII without A-labels, as nearly all are. Its normal form is its lower case. All
  /// other texts go through `parts`. Allocates nothing.
  static func isPlain(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      let (dot, hyphen) = (UInt8(ascii: "."), UInt8(ascii: "-"))
      guard bytes.count <= maximumBytes, let at = bytes.firstIndex(of: UInt8(ascii: "@")), at <= maximumLocalBytes
      else { return false }
      var previous = dot
      for byte in bytes[..<at] {
        guard isLocal(byte), byte != dot || previous != dot else { return false }
        previous = byte
      }
      guard previous != dot else { return false }
      previous = dot
      var start = at + 1
      for index in start..<bytes.count {
        let byte = bytes[index]
        if byte == dot {
          guard previous != dot, previous != hyphen, index - start <= maximumLabelBytes else { return false }
          start = index + 1
        } else {
          guard isDomain(byte), byte != hyphen || previous != dot else { return false }
          // It may begin with "xn--".
          if byte == hyphen, previous == hyphen, index - start == 3 { return false }
        }
        previous = byte
      }
      return previous != dot && previous != hyphen && bytes.count - start <= maximumLabelBytes
    }
  }

  /// The mailbox and the domain of an address. A domain in other scripts is checked by IDNA later.
  static func parts(_ address: String) throws(EmailProblem) -> (local: Substring, domain: Substring) {
    if address.isEmpty { throw .empty }
    if address.utf8.count > maximumBytes { throw .tooLong }
    let parts = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    if parts.count < 2 { throw .noAt }
    if parts.count > 2 { throw .severalAts }
    let (local, domain) = (Substring(parts[0]), Substring(parts[1]))
    try checkLocalPart(local)
    try checkDomain(domain)
    return (local, domain)
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

  private static func checkDomain(_ domain: Substring) throws(EmailProblem) {
    if domain.isEmpty { throw .domainEmpty }
    for label in domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      if DomainName.isPlain(label) {
        try checkDomainLabel(label)
        continue
      }
      for scalar in Substring(label).unicodeScalars {
        let isGood = scalar.isASCII ? isDomain(UInt8(scalar.value)) : TextRules.isVisible(scalar)
        if !isGood { throw .domainCharacter }
      }
    }
  }

  /// Checks a label of a domain in the form that the DNS has it.
  static func checkDomainLabel(_ label: Substring.UTF8View) throws(EmailProblem) {
    guard let first = label.first, let last = label.last, label.count <= maximumLabelBytes else {
      throw .domainLabelLength
    }
    guard label.allSatisfy(isDomain) else { throw .domainCharacter }
    if first == UInt8(ascii: "-") || last == UInt8(ascii: "-") { throw .domainLabelHyphen }
  }

  /// In ASCII, atext and the dot; beyond ASCII, every visible character.
  private static func isLocal(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII ? isLocal(UInt8(scalar.value)) : TextRules.isVisible(scalar)
  }

  private static func isLocal(_ byte: UInt8) -> Bool {
    switch Unicode.Scalar(byte) {
    case "a"..."z", "A"..."Z", "0"..."9": true
    case "!", "#", "$", "%", "&", "'", "*", "+", "-", "/", "=", "?", "^", "_", "`", "{", "|", "}", "~", ".": true
    default: false
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
