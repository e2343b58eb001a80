public import RPCCore

/// Why a call of `AccountService` is refused.
enum AccountError: Error, Sendable, Hashable {
  /// There is no such account, or the password is wrong.
  case signInFailed
  /// The password is right, and the user is disabled.
  case disabled
  /// Too many tries have failed.
  case tooManyTries(Duration)
  /// The service has not issued the refresh token.
  case refreshTokenInvalid
  /// The refresh token was used before, too long ago.
  case refreshTokenReused
  /// The session has ended.
  case sessionEnded
  /// Too many tokens were asked for, by this source or for this email.
  case tooManyRequests(Duration)
  /// The user has got too many one-time tokens.
  case tooManyTokens
  /// The user's email is verified already.
  case emailVerified
  /// The one-time token was used, has expired, is of another purpose, or never was.
  case oneTimeTokenInvalid
  /// There is no one-time token of this id, or its time is over.
  case noOneTimeToken(UserID)
  /// The one-time token was claimed before.
  case oneTimeTokenClaimed
  /// No key can sign access tokens now.
  case noSigningKey
  /// There is no randomness or no memory.
  case failed
}

extension AccountError: RPCErrorConvertible {
  var rpcError: RPCError {
    switch self {
    case .signInFailed: error(.unauthenticated, "SIGN_IN_FAILED", "The email or the password is wrong.")
    case .disabled: error(.permissionDenied, "ACCOUNT_DISABLED", "The user is disabled.")
    case .tooManyTries(let delay):
      RPCError(
        .resourceExhausted, "Too many sign-ins have failed. Try again later.",
        details: [UserServiceError.info("TOO_MANY_TRIES"), .retryInfo(delay: delay)])
    case .refreshTokenInvalid: error(.unauthenticated, "REFRESH_TOKEN_INVALID", "The refresh token is not valid.")
    case .refreshTokenReused:
      error(
        .unauthenticated, "REFRESH_TOKEN_REUSED",
        "The refresh token was used before: somebody may have copied it. Its session has ended. Sign in again.")
    case .sessionEnded: error(.unauthenticated, "SESSION_ENDED", "The session has ended. Sign in again.")
    case .tooManyRequests(let delay):
      RPCError(
        .resourceExhausted, "Too many tokens were asked for. Try again later.",
        details: [UserServiceError.info("TOO_MANY_REQUESTS"), .retryInfo(delay: delay)])
    case .tooManyTokens:
      RPCError(
        .resourceExhausted, "The user has got too many tokens. Try again later.",
        details: [UserServiceError.info("TOO_MANY_TOKENS"), .retryInfo(delay: .seconds(600))])
    case .emailVerified: error(.failedPrecondition, "EMAIL_VERIFIED", "The user's email is verified already.")
    case .oneTimeTokenInvalid:
      error(
        .unauthenticated, "ONE_TIME_TOKEN_INVALID",
        "The token can't be used: it was used before, has expired, or is of another kind.")
    case .noOneTimeToken(let id):
      RPCError(
        .notFound, "There is no such token, or its time is over.",
        details: [
          UserServiceError.info("ONE_TIME_TOKEN_NOT_FOUND"),
          .resourceInfo(
            type: "users.v1.OneTimeToken", name: id.description, description: "not found"),
        ])
    case .oneTimeTokenClaimed:
      error(.failedPrecondition, "ONE_TIME_TOKEN_CLAIMED", "The token was claimed before.")
    case .noSigningKey:
      RPCError(
        .unavailable, "No key can sign access tokens now.",
        details: [UserServiceError.info("NO_SIGNING_KEY"), .retryInfo(delay: .seconds(5))])
    case .failed:
      RPCError(
        .internal, UserServiceError.internalMessage, details: [UserServiceError.info("INTERNAL")], cause: self)
    }
  }

  private func error(_ code: StatusCode, _ reason: String, _ message: String) -> RPCError {
    RPCError(code, message, details: [UserServiceError.info(reason)])
  }
}

extension PasswordHasher.Failure: RPCErrorConvertible {
  /// What the caller is told.
  public var rpcError: RPCError {
    switch self {
    case .overloaded:
      RPCError(
        .resourceExhausted, "Too many passwords wait to be checked.",
        details: [UserServiceError.info("PASSWORDS_OVERLOADED"), .retryInfo(delay: .seconds(1))])
    case .deadlineExceeded:
      RPCError(
        .deadlineExceeded, "The deadline passed while the password waited to be checked.",
        details: [UserServiceError.info("DEADLINE_EXCEEDED", ["stage": "password"])])
    case .failed:
      RPCError(
        .internal, UserServiceError.internalMessage, details: [UserServiceError.info("INTERNAL")], cause: self)
    }
  }
}
