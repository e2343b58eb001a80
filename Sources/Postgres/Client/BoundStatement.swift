/// A statement with the values of its parameters.
public struct BoundStatement: Sendable {
  /// What to run.
  public let statement: Statement
  /// The values of `$1`, `$2`, …
  public let parameters: [PostgresValue]

  /// A statement with the values of its parameters.
  public init(_ statement: Statement, _ parameters: [PostgresValue]) {
    self.statement = statement
    self.parameters = parameters
  }
}
