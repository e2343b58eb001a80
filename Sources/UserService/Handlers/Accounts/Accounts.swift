internal import ProtoWire
internal import Tokens
public import RPCCore
public import UserAPI

/// The calls that show and disable accounts, and the keys of tokens.
extension AccountServiceHandlers {
  /// Returns what is known of an account.
  /// - Throws: `UserServiceError`: an invalid id, or no such user. `AccessRefusal`: another user's. `StoreError`: the
  ///   store failed.
  public func getAccount(_ request: GetAccountRequest, context: ServerContext) async throws -> Account {
    let user = try user(request.userID, context)
    guard let account = try await store.account(of: user, deadline: context.storeDeadline) else {
      throw UserServiceError.notFound(.id(user))
    }
    return Account(account)
  }

  /// Disables a user, and ends its sessions.
  /// - Throws: `UserServiceError`: an invalid id. `StoreError`: no such user, or the store failed.
  public func disableUser(_ request: DisableUserRequest, context: ServerContext) async throws -> Account {
    let user = try user(request.userID, context)
    return account(after: try await store.setDisabled(true, user: user, deadline: context.storeDeadline))
  }

  /// Lets a user sign in again.
  /// - Throws: as `disableUser`.
  public func enableUser(_ request: EnableUserRequest, context: ServerContext) async throws -> Account {
    let user = try user(request.userID, context)
    return account(after: try await store.setDisabled(false, user: user, deadline: context.storeDeadline))
  }

  /// Returns the public halves of the keys that verify tokens.
  public func getJwks(_ request: GetJwksRequest, context: ServerContext) async throws -> GetJwksResponse {
    .with { response in
      response.keys = keys.current.keys.compactMap { key in
        guard let numbers = key.publicNumbers else { return nil }
        return .with {
          ($0.kid, $0.alg, $0.use) = (key.id, key.algorithm.rawValue, "sig")
          ($0.kty, $0.crv, $0.x, $0.y) = (numbers.type, numbers.curve, numbers.x, numbers.y)
        }
      }
    }
  }
}
