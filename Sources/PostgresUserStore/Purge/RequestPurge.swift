import EventLoop
import Logging
public import Postgres
import UserService

/// The work of the background worker `requests`: forgets creations whose request ids are older than a day, and imports
/// that nobody has gone on with for a month, a batch each turn. Any number of processes may do it at the same time.
public struct RequestPurge: Sendable {
  /// How many rows one statement removes at most.
  static let batchSize = 500
  /// An hour more than what callers are promised.
  static let requestRetention = Duration.seconds(25 * 3600)
  static let importRetention = Duration.seconds(30 * 24 * 3600)
  private static let idle = Duration.seconds(600)
  private static let rest = Duration.milliseconds(200)

  private let client: PostgresClient

  /// The work on a database with the schema of `UserMigrations`.
  public init(client: PostgresClient) { self.client = client }

  /// One turn.
  /// - Returns: how long to rest until the next one.
  /// - Throws: `PostgresError`.
  public nonisolated(nonsending) func turn() async throws -> Duration {
    var isDone = true
    for (statement, retention) in [
      (UserSQL.forgetRequests, Self.requestRetention), (UserSQL.forgetImports, Self.importRetention),
    ] {
      let age = Int64(retention / .microseconds(1))
      let count = try await client.write(statement, [.int64(Int64(Self.batchSize)), .int64(age)]).affected
      if count == Self.batchSize { isDone = false }
    }
    return isDone ? Self.idle * Double.random(in: 0.8...1.2) : Self.rest
  }
}
