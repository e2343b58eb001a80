import ArgumentParser
import Postgres

/// The flags that limit how many database connections `serve` opens.
struct PoolOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "How many idle database connections for writes it keeps; at least one for each loop."
        + " [env: USER_SERVICE_POOL_SIZE] (default: 20)", valueName: "count"))
  var poolSize: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How many more it may open while all are in use. [env: USER_SERVICE_POOL_OVERFLOW] (default: 30)",
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
