public import UserService

extension UserID {
  /// An id that no other user has.
  public static func random() -> UserID { UserID(high: .random(in: 1 ... .max), low: .random(in: 0 ... .max)) }
}

extension NewUser {
  /// A user for tests.
  /// - Throws: `EmailProblem`.
  public static func sample(
    _ email: String, id: UserID = .random(), name: String = "", labels: [String: String] = [:]
  ) throws -> NewUser {
    NewUser(id: id, email: try EmailAddress(email), name: name, labels: labels)
  }
}

extension PageTokenKey {
  /// A key of a store's own.
  package static func random() -> PageTokenKey {
    guard let key = PageTokenKey((0..<byteCount).map { _ in .random(in: 0...255) }) else { preconditionFailure() }
    return key
  }
}
