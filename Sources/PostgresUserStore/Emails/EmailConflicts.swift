import UserService

/// Users who can't have the normal form that their email has by the rule of this version. It names them by id only.
public struct EmailConflicts: Error, Sendable, Hashable {
  /// So many users are named; others are counted.
  static let listed = 100

  /// Users whose emails are one by the new rule.
  var shared: [[UserID]] = []
  var sharedCount = 0
  /// Users whose emails are none by the new rule, and why.
  var refused: [Refused] = []
  var refusedCount = 0
  /// How many users got their new normal form before.
  var changed = 0

  struct Refused: Sendable, Hashable {
    let id: UserID
    let problem: EmailProblem
  }

  var isEmpty: Bool { sharedCount == 0 && refusedCount == 0 }

  mutating func refuse(_ id: UserID, _ problem: EmailProblem) {
    if refused.count < Self.listed { refused.append(Refused(id: id, problem: problem)) }
    refusedCount += 1
  }
}

extension EmailConflicts: CustomStringConvertible {
  /// What an operator is to do, with a line for each of the users.
  public var description: String {
    let before = changed == 0 ? "no email was touched" : "\(changed) others got it"
    var lines = ["\(sharedCount + refusedCount) users can't have the normal form of their email, and \(before):"]
    for users in shared {
      lines.append("  one email by the new rule: \(users.map(\.description).joined(separator: ", "))")
    }
    for user in refused { lines.append("  \(user.id): the email \(user.problem.description)") }
    let more = sharedCount + refusedCount - shared.reduce(refused.count) { $0 + $1.count }
    if more > 0 { lines.append("  and \(more) more") }
    lines.append(
      """
      Of users with one email all but one need another one, and so does each whose email is refused: give it to them \
      by UpdateUser, which the service still answers (after UndeleteUser if the user is deleted), or remove a user for \
      good by DELETE FROM users WHERE id = '…'. Then run the same command again.
      """)
    return lines.joined(separator: "\n")
  }
}
