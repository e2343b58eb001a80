/// Why a text is no filter, or one that is not supported. Its descriptions go after the field's name ("must …") and
/// never quote the text, which may hold an email.
struct FilterProblem: Error, Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    /// It breaks the grammar, or names what users do not have.
    case invalid
    /// It is a filter of AIP-160 that no index answers.
    case notIndexed
    /// It exceeds a limit.
    case tooLong
  }

  let kind: Kind
  let description: String

  init(_ kind: Kind, _ description: String, at offset: Int? = nil) {
    self.kind = kind
    self.description = offset.map { "\(description) (byte \($0))" } ?? description
  }

  /// The reason of the violation.
  var reason: FieldViolation.Reason {
    switch kind {
    case .invalid: .invalidFormat
    case .notIndexed: .notIndexed
    case .tooLong: .tooLong
    }
  }
}
