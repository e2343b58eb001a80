internal import ProtoWire
internal import RPCCore
public import Tokens
public import UserAPI

/// `users.v1.AccountService` on a store. Each call has a file of its own beside this one.
public struct AccountServiceHandlers: AccountServiceProvider {
  /// The name of the service in health checks and reflection.
  public static let serviceName = AccountServiceMethods.service.name

  let store: any AccountStore
  let users: any UserStore
  let hasher: PasswordHasher
  let keys: LiveKeys
  let authority: TokenAuthority
  let ended: EndedSessions
  let rehashing: Rehashing
  let tries: SignInGuard
  let requests: SignInGuard
  let refused: RefusedPasswords
  let ids: UserIDGenerator
  let now: @Sendable () -> Int64

  /// - Parameters:
  ///   - store: where passwords and sessions are kept.
  ///   - users: where the users of the accounts are kept.
  ///   - hasher: hashes passwords.
  ///   - keys: what signs access tokens.
  ///   - authority: whose tokens they are, and for whom.
  ///   - ended: learns of the sessions that calls end.
  ///   - rehashing: replaces outdated hashes.
  ///   - tries: slows down who guesses passwords.
  ///   - requests: slows down who asks for password resets.
  ///   - refused: what no new password may be, beside the most common ones.
  ///   - now: seconds since 1970.
  public init(
    store: any AccountStore, users: any UserStore, hasher: PasswordHasher, keys: LiveKeys, authority: TokenAuthority,
    ended: EndedSessions, rehashing: Rehashing, tries: SignInGuard = SignInGuard(),
    requests: SignInGuard = SignInGuard(), refused: RefusedPasswords = RefusedPasswords(),
    ids: UserIDGenerator = UserIDGenerator(),
    now: @escaping @Sendable () -> Int64
  ) {
    self.store = store
    self.users = users
    self.hasher = hasher
    self.keys = keys
    self.authority = authority
    self.ended = ended
    self.rehashing = rehashing
    self.tries = tries
    self.requests = requests
    self.refused = refused
    self.ids = ids
    self.now = now
  }

  /// The user of a request that names one, if the caller may touch it.
  func user(_ text: String, _ context: ServerContext) throws -> UserID {
    var violations = FieldViolations()
    guard let id = FieldRules.id(text, field: "user_id", into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    try context.checkMayTouch(id)
    return id
  }

  /// The message of a change, whose ended sessions are over from now on.
  func account(after change: AccountChange) -> Account {
    ended.add(change.endedSessions, now: now())
    return Account(change.account)
  }
}

extension FieldViolations {
  mutating func add(_ field: String, _ fault: Password.Fault) {
    let reason: FieldViolation.Reason =
      switch fault {
      case .empty: .required
      case .tooLong: .tooLong
      case .hasNUL: .invalidCharacter
      case .tooShort: .tooShort
      case .common, .isEmail, .refused: .guessable
      }
    add(field, reason, fault.description)
  }
}

extension Account {
  init(_ record: AccountRecord) {
    self.init()
    userID = record.userID.description
    hasPassword = record.passwordHash != nil
    passwordTime = record.passwordTime.map { Google_Protobuf_Timestamp(microseconds: $0) }
    disableTime = record.disableTime.map { Google_Protobuf_Timestamp(microseconds: $0) }
    emailVerifyTime = record.emailVerifyTime.map { Google_Protobuf_Timestamp(microseconds: $0) }
  }
}

extension Session {
  init(_ record: SessionRecord) {
    self.init()
    id = record.id.description
    userID = record.userID.description
    createTime = Google_Protobuf_Timestamp(microseconds: record.createTime)
    refreshTime = Google_Protobuf_Timestamp(microseconds: record.refreshTime)
    expireTime = Google_Protobuf_Timestamp(microseconds: record.expireTime)
  }
}
