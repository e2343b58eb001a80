/// Who made a change of a user: the caller of the call that made it. Where a store takes an author, nil is the service
/// itself (the purge, a migration), or a caller that nobody identified (`--insecure-dev`).
public struct Author: Sendable, Hashable {
  /// What an author is.
  public enum Kind: Sendable, Hashable {
    /// A user of this directory.
    case user
    /// Another service, or an operator.
    case service
  }

  /// The id of a user in its text form, or the name of a service or an operator, as its token or its certificate has
  /// it. No name of a person and no email, unless an operator puts one there.
  public let id: String

  /// The author of this id.
  public init(id: String) { self.id = id }

  /// A user if the id is one's in its text form: names of services are none.
  public var kind: Kind { UserID(id) == nil ? .service : .user }
}

extension Author {
  /// The caller as an author.
  public init(_ caller: Caller) { self.init(id: caller.id) }
}
