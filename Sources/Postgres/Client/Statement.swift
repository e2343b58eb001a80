/// One SQL statement with a name. Values are always parameters (`$1`), never part of the text.
///
/// Make it once, as a `static let`: each connection prepares it before its first use and finds it by its name again.
public struct Statement: Sendable, Hashable {
  /// The name of the prepared statement, which logs and errors print too. Unique within a program.
  public let name: String
  /// The text, with parameters as `$1`, `$2`, …: nothing that a caller sent is ever part of it.
  public let sql: String
  /// It has no effects: it may share a batch with other reads, and be sent again if its connection is lost. Set it only
  /// for a SELECT (or SHOW) that calls nothing that writes, locks or notifies.
  public let isReadOnly: Bool

  /// A statement. Make it once, as a constant: connections prepare it under its name.
  public init(_ name: String, _ sql: String, isReadOnly: Bool = false) {
    self.name = name
    self.sql = sql
    self.isReadOnly = isReadOnly
  }
}
