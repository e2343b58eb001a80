internal import ProtoWire
public import RPCCore
public import UserAPI

/// The calls that show sessions and end them.
extension AccountServiceHandlers {
  /// Ends a session, if it is the caller's or the caller may end those of others.
  /// - Throws: `UserServiceError`: an invalid id. `StoreError`: the store failed.
  public func revokeSession(
    _ request: RevokeSessionRequest, context: ServerContext
  ) async throws -> RevokeSessionResponse {
    var violations = FieldViolations()
    guard let id = FieldRules.id(request.sessionID, field: "session_id", into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    let session = SessionID(id)
    let hasEnded = try await store.endSession(
      session, of: context.restrictedToUser, deadline: context.storeDeadline)
    if hasEnded { ended.add([session], now: now()) }
    return RevokeSessionResponse()
  }

  /// Returns a user's active sessions.
  /// - Throws: `UserServiceError`: an invalid id. `AccessRefusal`: another user's. `StoreError`: the store failed.
  public func listSessions(
    _ request: ListSessionsRequest, context: ServerContext
  ) async throws -> ListSessionsResponse {
    let user = try user(request.userID, context)
    let sessions = try await store.sessions(of: user, deadline: context.storeDeadline)
    return .with { $0.sessions = sessions.map { Session($0) } }
  }

  /// Ends all sessions of a user.
  /// - Throws: `UserServiceError`: an invalid id. `AccessRefusal`: another user's. `StoreError`: the store failed.
  public func revokeAllSessions(
    _ request: RevokeAllSessionsRequest, context: ServerContext
  ) async throws -> RevokeAllSessionsResponse {
    let user = try user(request.userID, context)
    let sessions = try await store.endSessions(of: user, deadline: context.storeDeadline)
    ended.add(sessions, now: now())
    return .with { $0.revokedCount = Int32(clamping: sessions.count) }
  }
}
