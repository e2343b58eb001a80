/// An email address that was found to be well-formed, as it was written and in the form in which it is compared.
public struct EmailAddress: Sendable, Hashable {
  /// As the caller wrote it, without white space around it.
  public let address: String
  /// Trimmed, NFC, lower case: what is unique among all users and what LookupUser compares. Spellings that mail servers
  /// may or may not take for the same box (dots, `+tags`) stay different.
  public let normalForm: String

  /// - Throws: what is wrong with it, for a field violation.
  public init(_ text: String) throws(EmailProblem) {
    let address = NormalForm.trimmed(text)
    try EmailSyntax.check(address)
    let normalForm = NormalForm.folded(address)
    // Lower case can be longer (U+0130), and the normal form is what the index holds.
    if normalForm.utf8.count > EmailSyntax.maximumBytes { throw .tooLong }
    self.address = address
    self.normalForm = normalForm
  }
}

/// Why a text is not an email address.
public enum EmailProblem: Error, Sendable, CaseIterable {
  case empty, tooLong, noAt, severalAts, localPartEmpty, localPartTooLong, localPartDots, forbiddenCharacter
  case domainEmpty, domainLabelLength, domainLabelHyphen, domainCharacter

  /// A sentence fragment that goes after the field's name.
  var description: String {
    switch self {
    case .empty: "must not be empty"
    case .tooLong: "must not be longer than \(EmailSyntax.maximumBytes) bytes"
    case .noAt: "must have an @ between mailbox and domain"
    case .severalAts: "must not have more than one @"
    case .localPartEmpty: "must have a mailbox before the @"
    case .localPartTooLong: "must not have more than \(EmailSyntax.maximumLocalBytes) bytes before the @"
    case .localPartDots: "must not have a dot at the start or the end of the mailbox, nor two in a row"
    case .forbiddenCharacter:
      "must not have spaces, control or invisible characters, quotes, or any of ( ) , : ; < > [ \\ ] in the mailbox"
    case .domainEmpty: "must have a domain after the @"
    case .domainLabelLength: "must have between 1 and 63 characters in each part of the domain"
    case .domainLabelHyphen: "must not have a hyphen or a combining mark at the edge of a part of the domain"
    case .domainCharacter: "must have only letters, digits, hyphens and dots in the domain"
    }
  }
}
