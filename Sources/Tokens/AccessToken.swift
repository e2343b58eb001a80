/// What an access token says, once it is verified. RFC 9068.
public struct AccessToken: Sendable, Hashable {
  /// Whom it is for: the id of a user, or the name of a service (`sub`).
  public var subject: String
  /// What its bearer may do (`scope`).
  public var scopes: [String]
  /// The session that it belongs to (`sid`); nil for tokens that an operator made.
  public var session: String?
  /// Names the token (`jti`); may be empty in tokens that others made.
  public var id: String
  /// When it was made, in seconds since 1970 (`iat`).
  public var issueTime: Int64
  /// When it ends, in seconds since 1970 (`exp`).
  public var expireTime: Int64

  /// - Parameters:
  ///   - subject: not empty.
  ///   - scopes: without spaces.
  ///   - issueTime: seconds since 1970, as `expireTime`.
  public init(
    subject: String, scopes: [String] = [], session: String? = nil, id: String, issueTime: Int64, expireTime: Int64
  ) {
    self.subject = subject
    self.scopes = scopes
    self.session = session
    self.id = id
    self.issueTime = issueTime
    self.expireTime = expireTime
  }
}
