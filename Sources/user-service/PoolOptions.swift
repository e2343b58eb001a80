import ArgumentParser
import Postgres

/// How many connections to the database a serving process may open.
struct PoolOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "How many database connections for writes are kept when idle; one for each loop at least."
        + " [env: USER_SERVICE_POOL_SIZE] (default: 20)", valueName: "count"))
  var poolSize: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How many more may be opened while all are in use. [env: USER_SERVICE_POOL_OVERFLOW] (default: 30)",
      valueName: "count"))
  var poolOverflow: Int?

  private static let range = 0...10_000

  func apply(to configuration: inout PostgresConfiguration) throws {
    if let size = try Limits.value(poolSize, "POOL_SIZE", Self.range) { configuration.poolSize = size }
    if let overflow = try Limits.value(poolOverflow, "POOL_OVERFLOW", Self.range) {
      configuration.poolOverflow = overflow
    }
  }
}
