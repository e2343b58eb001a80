internal import ProtoWire
public import RPCCore
public import UserAPI

extension AccountServiceHandlers {
  /// Gives a one-time token its secret, for delivery.
  /// - Throws: `UserServiceError`: an invalid id. `AccountError`: there is no such token, or it was claimed before.
  ///   `StoreError`: the store failed.
  public func claimOneTimeToken(
    _ request: ClaimOneTimeTokenRequest, context: ServerContext
  ) async throws -> OneTimeToken {
    var violations = FieldViolations()
    guard let id = FieldRules.id(request.tokenID, field: "token_id", into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    guard let secret = OneTimeSecret.make(for: id), let proof = secret.proof else { throw AccountError.failed }
    switch try await store.claimToken(proof, deadline: context.storeDeadline) {
    case .none: throw AccountError.noOneTimeToken(id)
    case .claimedBefore: throw AccountError.oneTimeTokenClaimed
    case .claimed(let record):
      return .with {
        $0.id = id.description
        $0.purpose = OneTimeToken.Purpose(record.purpose)
        ($0.userID, $0.email, $0.token) = (record.userID.description, record.email, secret.text)
        $0.expireTime = Google_Protobuf_Timestamp(microseconds: record.expireTime)
      }
    }
  }
}

extension OneTimeToken.Purpose {
  fileprivate init(_ purpose: OneTimePurpose) {
    switch purpose {
    case .emailVerification: self = .emailVerification
    case .passwordReset: self = .passwordReset
    case .emailChange: self = .emailChange
    }
  }
}
