/// A well-formed email address, as it was written and in the form in which it is compared.
public struct EmailAddress: Sendable, Hashable {
  /// As the caller wrote it, without white space around it.
  public let address: String
  /// The form that is unique among all users, and that LookupUser compares: the mailbox by `NormalForm.folded` and the
  /// domain by `DomainName.normalForm`. Spellings that some mail servers treat as the same mailbox (dots, `+tags`) stay
  /// different. The normal form is an address itself, and is its own normal form.
  public let normalForm: String

  /// - Throws: what is wrong with it, for a field violation.
  public init(_ text: String) throws(EmailProblem) {
    if EmailSyntax.isPlain(text) {
      address = text
      normalForm = NormalForm.lowercasedASCII(text[...])
    } else {
      address = NormalForm.trimmed(text)
      let (local, domain) = try EmailSyntax.parts(address)
      normalForm = try Self.normalForm(local, domain)
    }
  }

  /// The slow way. It gives plain addresses the same form.
  static func normalForm(_ local: Substring, _ domain: Substring) throws(EmailProblem) -> String {
    let mailbox = try NormalForm.folded(local)
    // Checked again: folding can make it longer, and NFC turns U+037E, the Greek question mark, into a semicolon.
    try EmailSyntax.checkLocalPart(mailbox[...])
    let normalForm = "\(mailbox)@\(try DomainName.normalForm(domain))"
    // The index stores the normal form, and LookupUser must accept it as an email.
    if normalForm.utf8.count > EmailSyntax.maximumBytes { throw .tooLong }
    return normalForm
  }
}

/// Why a text is not an email address.
public enum EmailProblem: Error, Sendable, CaseIterable {
  case empty, tooLong, noAt, severalAts, localPartEmpty, localPartTooLong, localPartDots, forbiddenCharacter
  case domainEmpty, domainLabelLength, domainLabelHyphen, domainCharacter, domainInvalid

  /// A sentence fragment that goes after the field's name. It never quotes the address.
  public var description: String {
    switch self {
    case .empty: "must not be empty"
    case .tooLong: "must not be longer than \(EmailSyntax.maximumBytes) bytes, nor its normal form"
    case .noAt: "must have an @ between mailbox and domain"
    case .severalAts: "must not have more than one @"
    case .localPartEmpty: "must have a mailbox before the @"
    case .localPartTooLong: "must not have more than \(EmailSyntax.maximumLocalBytes) bytes before the @"
    case .localPartDots: "must not have a dot at the start or the end of the mailbox, nor two in a row"
    case .forbiddenCharacter:
      "must not have spaces, control or invisible characters, quotes, or any of ( ) , : ; < > [ \\ ] in the mailbox"
    case .domainEmpty: "must have a domain after the @"
    case .domainLabelLength:
      "must have between 1 and 63 characters in each part of the domain, as it stands in the DNS (xn--…)"
    case .domainLabelHyphen: "must not have a hyphen or a combining mark at the edge of a part of the domain"
    case .domainCharacter: "must have only letters, digits, hyphens and dots in the domain"
    case .domainInvalid: "must have a domain that IDNA 2008 allows"
    }
  }
}
