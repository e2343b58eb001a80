public import RPCCore
public import UserAPI

/// Showing that an email is the user's.
extension AccountServiceHandlers {
  /// Makes a token for a user's email.
  /// - Throws: `UserServiceError`: an invalid id, or no such user. `AccessRefusal`: another user's. `AccountError`: the
  ///   email is verified, or the user has got too many tokens. `StoreError`: the store failed.
  public func requestEmailVerification(
    _ request: RequestEmailVerificationRequest, context: ServerContext
  ) async throws -> RequestEmailVerificationResponse {
    let user = try user(request.userID, context)
    guard let account = try await store.account(of: user, deadline: context.storeDeadline) else {
      throw UserServiceError.notFound(.id(user))
    }
    guard account.emailVerifyTime == nil else { throw AccountError.emailVerified }
    guard account.disableTime == nil else { throw AccountError.disabled }
    let token = NewOneTimeToken(
      id: ids.next(), purpose: .emailVerification, owner: .user(user), author: context.author)
    guard try await store.makeToken(token, deadline: context.storeDeadline) else { throw AccountError.tooManyTokens }
    return RequestEmailVerificationResponse()
  }

  /// Marks an email as verified, by a token.
  /// - Throws: `UserServiceError`: no token. `AccountError`: it can't be used. `StoreError`: the store failed.
  public func verifyEmail(_ request: VerifyEmailRequest, context: ServerContext) async throws -> Account {
    guard let account = try await store.verifyEmail(by: try proof(request.token), deadline: context.storeDeadline)
    else { throw AccountError.oneTimeTokenInvalid }
    return Account(account)
  }
}
