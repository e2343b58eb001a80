import UserService

/// Users whose emails can't have the normal form that this version's rule gives them. Only ids name the users.
public struct EmailConflicts: Error, Sendable, Hashable {
  /// At most this many users are named; the rest are only counted.
  static let listed = 100

  /// Groups of users whose emails have the same normal form by the new rule.
  var shared: [[UserID]] = []
  var sharedCount = 0
  /// Users whose emails the new rule refuses, and why.
  var refused: [Refused] = []
  var refusedCount = 0
  /// How many users got their new normal form before a conflict was found.
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
  /// A line for each group of users, and what an operator has to do.
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
      Give another email to all but one of the users on each line, and to each user whose email is refused. Use \
      UpdateUser, which the service still answers (after UndeleteUser if the user is deleted), or remove a user for \
      good by DELETE FROM users WHERE id = '…'. Then run the same command again.
      """)
    return lines.joined(separator: "\n")
  }
}
