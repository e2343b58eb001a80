public import RPCCore
internal import UserAPI

/// Who may call a method: the rule of its contract, checked and ready to use. `users/v1/access.proto` defines the rule.
public enum MethodAccess: Sendable, Hashable {
  /// The scope that stands for all scopes.
  public static let adminScope = "admin"

  /// Everybody, with or without credentials.
  case everybody
  /// Every caller with valid credentials.
  case authenticated
  /// Callers that have one of the scopes; where `self` is set, also a user, for that user's own data.
  case restricted(self: Bool, scopes: [String])
  /// Everybody on this machine (over loopback or a Unix socket); from elsewhere, callers that have one of the scopes.
  /// No contract can have this rule: it is for what the server tells about itself.
  case localOrScopes([String])

  /// The rule of a method, as its option `(users.v1.access)` has it.
  /// - Throws: `AccessRuleFault` if the method has no rule, or one that says nothing or contradicts itself.
  public init(_ method: MethodDescriptor) throws(AccessRuleFault) {
    let rule: AccessRule?
    do { rule = try method.options.access } catch { throw AccessRuleFault(method: method, reason: "\(error)") }
    guard let rule else { throw AccessRuleFault(method: method, reason: "there is none") }
    self = try Self.make(rule, method)
  }

  private static func make(_ rule: AccessRule, _ method: MethodDescriptor) throws(AccessRuleFault) -> MethodAccess {
    let restricts = rule.self_p || !rule.scopes.isEmpty
    switch (rule.public, rule.authenticated, restricts) {
    case (true, false, false): return .everybody
    case (false, true, false): return .authenticated
    case (false, false, true):
      if let scope = rule.scopes.first(where: { !Scope.isValid($0) }) {
        throw AccessRuleFault(method: method, reason: "'\(scope)' is no scope")
      }
      return .restricted(self: rule.self_p, scopes: rule.scopes)
    case (false, false, false): throw AccessRuleFault(method: method, reason: "it allows nobody")
    default: throw AccessRuleFault(method: method, reason: "it contradicts itself")
    }
  }
}

/// A method whose contract does not say who may call it. The server refuses to start with one.
public struct AccessRuleFault: Error, Sendable, CustomStringConvertible {
  /// The method.
  public let method: MethodDescriptor
  /// What is wrong with its rule.
  public let reason: String

  /// A sentence for the operator.
  public var description: String { "The access rule of \(method) can't be used: \(reason)." }
}
