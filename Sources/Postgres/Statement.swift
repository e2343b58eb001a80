/// One SQL statement with a name. Values are always parameters (`$1`), never part of the text.
///
/// Make it once, as a `static let`: each connection prepares it before its first use and finds it by its name again.
public struct Statement: Sendable, Hashable {
  /// What it is called: the name of the prepared statement and what logs and errors print. Unique within a program.
  public let name: String
  /// The text, with parameters as `$1`, `$2`, …: nothing that a caller sent is ever part of it.
  public let sql: String
  /// It has no effects: it may share a batch with other reads and may be sent again if a connection dies under it.
  /// Say so only of a SELECT (or SHOW) that calls nothing that writes, locks or notifies.
  public let isReadOnly: Bool

  /// A statement. Make it once, as a constant: connections prepare it under its name.
  public init(_ name: String, _ sql: String, isReadOnly: Bool = false) {
    self.name = name
    self.sql = sql
    self.isReadOnly = isReadOnly
  }
}
