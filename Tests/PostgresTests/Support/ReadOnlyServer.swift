@testable import Postgres

/// A server that stops taking writes, as one connection sees it, and takes them again.
enum ReadOnlyServer {
  /// For a connection of the pool.
  static let demote = Statement("demote", "SET default_transaction_read_only = on")
  static let promote = Statement("promote", "SET default_transaction_read_only = off")
  /// For a shared connection.
  static let demoteShared = Statement("demote shared", "SET default_transaction_read_only = on", isReadOnly: true)

  /// Into a table `t (id int8)`.
  static let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
  /// Which connection writes, and which one reads.
  static let writerPID = Statement("pid of a write", "SELECT pg_backend_pid()")
  static let readerPID = Statement("pid of a read", "SELECT pg_backend_pid()", isReadOnly: true)

  /// One connection for reads and one for writes, so that a test knows which one it uses.
  /// - Parameter attributes: `target_session_attrs`.
  static func limit(_ configuration: inout PostgresConfiguration, attributes: String = "any") {
    configuration.sharedConnectionsPerLoop = 1
    configuration.poolSize = 1
    configuration.poolOverflow = 0
    configuration.url += " target_session_attrs=\(attributes)"
  }
}
