/// What a document may cost before anything is known of its meaning: the parser stops at the first token beyond.
/// https://spec.graphql.org/October2021/
public struct SyntaxLimits: Sendable, Hashable {
  /// The most tokens.
  public var tokens = 5000
  /// How deep selection sets, values and types may be nested.
  public var depth = 32
  /// The most fields with an alias: each may be work of its own.
  public var aliases = 100
  /// The most directives.
  public var directives = 100

  /// The defaults that the properties show.
  public init() {}
}
