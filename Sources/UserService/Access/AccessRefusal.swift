public import RPCCore
public import Tokens

/// Why the access rules refuse a call.
public enum AccessRefusal: Error, Sendable, Hashable {
  /// The call has no credentials, and needs some.
  case noCredentials
  /// The call's credentials are not exactly one bearer token.
  case badCredentials
  /// The call's token is not valid.
  case badToken(TokenFault)
  /// The session that the call's token belongs to has ended.
  case sessionEnded
  /// The caller has none of the scopes that the method needs.
  case missingScope([String])
  /// The method is for signed-in users.
  case notAUser
  /// The caller may touch its own data only.
  case notYours
  /// Nothing says who may call the method.
  case noRule
}

extension AccessRefusal: RPCErrorConvertible {
  /// What the caller is told. https://google.aip.dev/193, and `www-authenticate` as RFC 6750 has it.
  public var rpcError: RPCError {
    switch self {
    case .noCredentials:
      unauthenticated("CREDENTIALS_MISSING", "The call needs an access token (authorization: Bearer …).", nil)
    case .badCredentials:
      unauthenticated(
        "CREDENTIALS_INVALID", "The call's authorization is not one bearer token (authorization: Bearer …).",
        "invalid_request")
    case .badToken(.expired): unauthenticated("TOKEN_EXPIRED", "The access token has expired.", "invalid_token")
    case .badToken(let fault):
      unauthenticated(
        "TOKEN_INVALID", "The access token is not valid.", "invalid_token", ["fault": fault.rawValue])
    case .sessionEnded:
      unauthenticated("SESSION_ENDED", "The session of the access token has ended.", "invalid_token")
    case .missingScope(let scopes):
      denied(
        "SCOPE_MISSING", "The caller lacks the scope that the method needs.", ["scopes": scopes.joined(separator: " ")],
        #"Bearer error="insufficient_scope", scope="\#(scopes.joined(separator: " "))""#)
    case .notAUser: denied("NOT_A_USER", "The method is for signed-in users.")
    case .notYours: denied("NOT_YOURS", "The caller may only access its own data.")
    case .noRule: denied("NO_ACCESS_RULE", "Nobody may call this method.")
    }
  }

  private func unauthenticated(
    _ reason: String, _ message: String, _ error: String?, _ metadata: [String: String] = [:]
  ) -> RPCError {
    RPCError(
      .unauthenticated, message, details: [UserServiceError.info(reason, metadata)],
      metadata: ["www-authenticate": error.map { #"Bearer error="\#($0)""# } ?? "Bearer"])
  }

  private func denied(
    _ reason: String, _ message: String, _ metadata: [String: String] = [:], _ challenge: String? = nil
  ) -> RPCError {
    RPCError(
      .permissionDenied, message, details: [UserServiceError.info(reason, metadata)],
      metadata: challenge.map { ["www-authenticate": $0] } ?? [:])
  }
}
