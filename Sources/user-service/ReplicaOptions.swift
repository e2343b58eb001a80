import ArgumentParser
import Postgres

/// The flags that say where replicas of the database are.
struct ReplicaOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "A streaming standby of the database, which answers reads whose max_staleness allows its lag; may be given several"
        + " times. [env: USER_SERVICE_REPLICA_URLS, separated by spaces]",
      valueName: "url"))
  var replicaURL: [String] = []

  /// The configurations of the replicas' clients. They need no pool: counting is all that they do on connections of
  /// their own.
  func configurations(like database: PostgresConfiguration) -> [PostgresConfiguration] {
    let urls =
      replicaURL.isEmpty
      ? Environment.text("USER_SERVICE_REPLICA_URLS")?.split(separator: " ").map(String.init) ?? [] : replicaURL
    return urls.map { url in
      var configuration = database
      (configuration.url, configuration.poolSize, configuration.poolOverflow) = (url, 1, 2)
      return configuration
    }
  }
}
