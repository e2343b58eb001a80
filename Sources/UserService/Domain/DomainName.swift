import CIDN2

/// The domain of an email address in the form in which it is compared: A-labels in lower case, so that `münchen.de` and
/// `xn--mnchen-3ya.de` are the same domain. IDNA 2008 (RFC 5891) with the non-transitional mapping of UTS 46: `ß` and
/// `ς` stay letters of their own, as in today's DNS.
enum DomainName {
  /// Whether lower case is all that a label needs: it is ASCII, and no A-label.
  static func isPlain(_ label: some Collection<UInt8>) -> Bool {
    if label.starts(with: "xn--".utf8, by: { $0 | 0x20 == $1 }) { return false }
    return label.allSatisfy { $0 < 0x80 }
  }

  /// - Parameter domain: checked by `EmailSyntax`: at most 254 bytes, without NUL.
  static func normalForm(_ domain: Substring) throws(EmailProblem) -> String {
    var form = ""
    for label in domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      if !form.isEmpty { form += "." }
      let text = NormalForm.lowercasedASCII(Substring(label))
      // IDNA refuses some hyphens that ordinary names have ("r3---sn"), so such labels don't go through it.
      form += isPlain(label) ? text : try aLabel(text)
    }
    return form
  }

  private static func aLabel(_ text: String) throws(EmailProblem) -> String {
    // UTS 46 maps the capital sharp s to "ss" before its revision 31 (Unicode 15.1), and to the small letter since. Map
    // it here, so that every version gives the same form.
    let label = String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\u{1e9e}" ? "\u{df}" : $0 }))
    let form = try lookup(label)
    try EmailSyntax.checkDomainLabel(Substring(form).utf8)
    // The form must be its own normal form, even if a domain mixes A-labels and other scripts.
    let again = isPlain(form.utf8) ? form : try lookup(form)
    guard again == form else { throw .domainInvalid }
    return form
  }

  private static func lookup(_ label: String) throws(EmailProblem) -> String {
    var output: UnsafeMutablePointer<UInt8>?
    let flags = IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue
    let code = label.withCString { text in
      text.withMemoryRebound(to: UInt8.self, capacity: label.utf8.count + 1) {
        idn2_lookup_u8($0, &output, Int32(bitPattern: flags))
      }
    }
    defer { idn2_free(output) }
    guard code == IDN2_OK.rawValue, let output else { throw problem(code) }
    return String(cString: output)
  }

  private static func problem(_ code: Int32) -> EmailProblem {
    switch code {
    case IDN2_TOO_BIG_LABEL.rawValue, IDN2_TOO_BIG_DOMAIN.rawValue, IDN2_PUNYCODE_BIG_OUTPUT.rawValue:
      .domainLabelLength
    case IDN2_HYPHEN_STARTEND.rawValue, IDN2_LEADING_COMBINING.rawValue: .domainLabelHyphen
    case IDN2_DISALLOWED.rawValue, IDN2_UNASSIGNED.rawValue: .domainCharacter
    default: .domainInvalid
    }
  }
}
