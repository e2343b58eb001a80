public import RPCCore
public import UserAPI

extension AccountServiceHandlers {
  /// Exchanges a refresh token for new tokens.
  /// - Throws: `UserServiceError`: no token. `AccountError`: the token is not ours, was used too long ago, or its
  ///   session has ended. `StoreError`: the store failed.
  public func refreshSession(_ request: RefreshSessionRequest, context: ServerContext) async throws -> SessionTokens {
    guard !request.refreshToken.isEmpty else {
      throw UserServiceError.invalid(FieldViolations("refresh_token", .required, "must not be empty"))
    }
    let key = try await store.refreshKey(deadline: context.storeDeadline)
    guard let token = RefreshToken(request.refreshToken, key: key) else { throw AccountError.refreshTokenInvalid }
    guard let successor = token.successor(key: key), let hash = successor.hash else { throw AccountError.failed }
    // A second round finds out what another call has done in between.
    for _ in 0..<3 {
      guard let session = try await store.session(token.session, deadline: context.storeDeadline) else {
        throw AccountError.sessionEnded
      }
      guard session.isActive else { throw AccountError.sessionEnded }
      switch RefreshTokenUse(token, of: session, key: key) {
      case .current:
        let refreshed = try await store.refresh(
          session.id, generation: session.generation, hash: hash, deadline: context.storeDeadline)
        if let refreshed { return try tokens(refreshed, successor, key) }
      case .repeated: return try tokens(session, successor, key)
      case .stolen:
        _ = try await store.endSession(session.id, of: nil, deadline: context.storeDeadline)
        ended.add([session.id], now: now())
        throw AccountError.refreshTokenReused
      case .unknown: throw AccountError.refreshTokenInvalid
      }
    }
    throw StoreError.failed(StoreFailure(.conflict, isSafeToRetry: true))
  }
}

/// What the use of a refresh token means.
enum RefreshTokenUse: Sendable, Hashable {
  /// It is the session's current one.
  case current
  /// It was used before, and its successor was not, or only a moment ago: an answer was lost, or two tabs refresh at
  /// once.
  case repeated
  /// It was used before, too long ago.
  case stolen
  /// It never was this session's.
  case unknown

  /// - Parameter token: of this session, and issued by us.
  init(_ token: RefreshToken, of session: SessionRecord, key: [UInt8]) {
    switch session.generation - token.generation {
    case 0: self = token.hash == session.tokenHash ? .current : .unknown
    case 1: self = token.successor(key: key)?.hash == session.tokenHash ? .repeated : .unknown
    case 2:
      guard token.successor(key: key)?.successor(key: key)?.hash == session.tokenHash else {
        self = .unknown
        return
      }
      self = session.readTime - session.refreshTime <= SessionLimits.grace * 1_000_000 ? .repeated : .stolen
    case 3...: self = .stolen
    default: self = .unknown
    }
  }
}
