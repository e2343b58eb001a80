import Postgres
public import UserService

/// One-time tokens. Each write is a single statement.
extension PostgresAccountStore {
  /// Makes a token without a secret, and the event that says so.
  public nonisolated(nonsending) func makeToken(
    _ token: NewOneTimeToken, deadline: UInt64?
  ) async throws(StoreError) -> Bool {
    var (user, email) = (PostgresValue.null, PostgresValue.null)
    switch token.owner {
    case .user(let id): user = .uuid(id.high, id.low)
    case .email(let address): email = .text(address.normalForm)
    }
    let parameters: [PostgresValue] = [
      .uuid(token.id.high, token.id.low), user, email, .int64(Int64(token.purpose.rawValue)),
      .double(Double(token.purpose.lifetime)), .int64(Int64(OneTimeTokenLimits.perHour)),
      token.newEmail.map { .text($0.address) } ?? .null, token.newEmail.map { .text($0.normalForm) } ?? .null,
      token.author.map { .text($0.id) } ?? .null,
    ]
    let made: [Void] = try await write(OneTimeTokenSQL.make, parameters, token.id, deadline) {
      (_) throws(PostgresError) in
    }
    if !made.isEmpty { onWrite() }
    return !made.isEmpty
  }

  /// Gives a token its secret.
  public nonisolated(nonsending) func claimToken(
    _ proof: OneTimeProof, deadline: UInt64?
  ) async throws(StoreError) -> OneTimeClaim {
    let claimed = try await write(OneTimeTokenSQL.claim, Self.parameters(proof), proof.id, deadline) {
      (row) throws(PostgresError) in try OneTimeTokenRecord(row: row)
    }
    if let record = claimed.first, let record { return .claimed(record) }
    let found: [Void] = try await query(OneTimeTokenSQL.isClaimed, [.uuid(proof.id.high, proof.id.low)], deadline) {
      (_) throws(PostgresError) in
    }
    return found.isEmpty ? .none : .claimedBefore
  }

  /// A token that can be used now.
  public nonisolated(nonsending) func token(
    _ proof: OneTimeProof, for purpose: OneTimePurpose, deadline: UInt64?
  ) async throws(StoreError) -> OneTimeTokenRecord? {
    guard let statement = OneTimeTokenSQL.find[purpose] else { return nil }
    return try await query(statement, Self.parameters(proof), deadline) { (row) throws(PostgresError) in
      try OneTimeTokenRecord(row: row)
    }.first ?? nil
  }

  /// Sets a password by a token, and ends the user's sessions.
  public nonisolated(nonsending) func resetPassword(
    by proof: OneTimeProof, to hash: String, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange? {
    try await write(OneTimeTokenSQL.resetPassword, Self.parameters(proof) + [.text(hash)], proof.id, deadline) {
      (row) throws(PostgresError) in
      AccountChange(account: try AccountRecord(row: row), endedSessions: try row[5].sessionIDs)
    }.first
  }

  /// Marks an email as verified by a token.
  public nonisolated(nonsending) func verifyEmail(
    by proof: OneTimeProof, deadline: UInt64?
  ) async throws(StoreError) -> AccountRecord? {
    try await use(OneTimeTokenSQL.verifyEmail, proof, deadline)
  }

  /// Changes an email by a token.
  /// - Throws: `alreadyExists` if another user has the email by now.
  public nonisolated(nonsending) func changeEmail(
    by proof: OneTimeProof, deadline: UInt64?
  ) async throws(StoreError) -> AccountRecord? {
    guard let record = try await token(proof, for: .emailChange, deadline: deadline),
      let email = try? EmailAddress(record.email)
    else { return nil }
    let changed = try await write(
      OneTimeTokenSQL.changeEmail, Self.parameters(proof), after: UserSQL.claim(email), proof.id, deadline
    ) { (row) throws(PostgresError) in try AccountRecord(row: row) }
    if let account = changed.first {
      onWrite()
      return account
    }
    let taken: [Void] = try await query(OneTimeTokenSQL.isNewEmailTaken, Self.parameters(proof), deadline) {
      (_) throws(PostgresError) in
    }
    guard taken.isEmpty else { throw .refused(.alreadyExists(.email)) }
    return nil
  }

  /// Removes at most so many tokens whose time was over a day ago. Returns how many it has removed.
  public nonisolated(nonsending) func pruneTokens(limit: Int) async throws(StoreError) -> Int {
    do throws(PostgresError) {
      return try await client.write(OneTimeTokenSQL.prune, [.int64(Int64(limit))], deadline: nil).count
    } catch {
      throw StoreError(error)
    }
  }

  private nonisolated(nonsending) func use(
    _ statement: Statement, _ proof: OneTimeProof, _ deadline: UInt64?
  ) async throws(StoreError) -> AccountRecord? {
    try await write(statement, Self.parameters(proof), proof.id, deadline) { (row) throws(PostgresError) in
      try AccountRecord(row: row)
    }.first
  }

  private static func parameters(_ proof: OneTimeProof) -> [PostgresValue] {
    [.uuid(proof.id.high, proof.id.low), .bytes(proof.hash)]
  }
}

extension OneTimeTokenRecord {
  /// Nil if the purpose is one that this version does not know.
  fileprivate init?(row: PostgresRow) throws(PostgresError) {
    let user = try row[0].uuid
    guard let purpose = OneTimePurpose(rawValue: Int(try row.decode(1, as: Int.self))) else { return nil }
    self.init(
      userID: UserID(high: user.high, low: user.low), purpose: purpose, email: try row[2].text,
      expireTime: try row[3].timestamp)
  }
}
