/// A password as it was received: no character of it is changed. Its text appears in no description.
public struct Password: Sendable, Hashable, CustomStringConvertible {
  /// The most bytes of a password. Hashing uses them all: bcrypt, which would drop what follows the 72nd byte, gets an
  /// HMAC of the password.
  static let byteLimit = 1024
  /// The characters of a new password. NIST SP 800-63B, section 3.1.1.2; OWASP ASVS 5, section 6.2.
  static let lengths = 8...256

  let text: String

  /// Why a text is no password.
  enum Fault: Sendable, Hashable {
    case empty, tooLong, hasNUL, tooShort, common, isEmail, refused

    /// The rest of a sentence that begins with the name of the field.
    var description: String {
      switch self {
      case .empty: "must not be empty"
      case .tooLong: "must have at most \(Password.lengths.upperBound) characters and \(Password.byteLimit) bytes"
      case .hasNUL: "must not contain the character NUL"
      case .tooShort: "must have at least \(Password.lengths.lowerBound) characters"
      case .common: "is one of the most common passwords, which attackers try first"
      case .isEmail: "must not be the user's email"
      case .refused: "is one of the passwords that this service refuses"
      }
    }
  }

  /// A password with which a caller tries to sign in.
  init(claimed text: String) throws(Fault) {
    guard !text.isEmpty else { throw .empty }
    guard text.utf8.count <= Self.byteLimit else { throw .tooLong }
    // libcrypt would take it for the end.
    guard !text.utf8.contains(0) else { throw .hasNUL }
    self.text = text
  }

  /// A password to be set.
  /// - Parameter email: the user's, if it is known: neither it nor its mailbox is a good password.
  init(new text: String, email: EmailAddress?) throws(Fault) {
    try self.init(claimed: text)
    let length = text.unicodeScalars.count
    guard length >= Self.lengths.lowerBound else { throw .tooShort }
    guard length <= Self.lengths.upperBound else { throw .tooLong }
    guard !CommonPasswords.contains(text) else { throw .common }
    if let email {
      let folded = text.lowercased()
      let spellings = [email.normalForm, email.address.lowercased()]
      guard !spellings.contains(where: { $0 == folded || $0.prefix { $0 != "@" } == folded }) else { throw .isEmail }
    }
  }

  /// Nothing of it.
  public var description: String { "a password" }
}

extension Password.Fault: Error {}
