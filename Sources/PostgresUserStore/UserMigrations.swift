public import Postgres

/// The schema of the user service, step by step. The files under `Migrations/` are part of the program.
/// (SwiftPM names a file after itself, with what cannot begin an identifier, the first digit, made an underscore.)
public enum UserMigrations {
  /// In order. An applied one is never changed: what comes later is a new file and a new line.
  public static let all = [
    Migration(
      version: 1, name: "create_users",
      sql: String(decoding: PackageResources._001_create_users_sql, as: UTF8.self)),
    Migration(
      version: 2, name: "purge_and_live_order",
      sql: String(decoding: PackageResources._002_purge_and_live_order_sql, as: UTF8.self)),
    Migration(version: 3, name: "normalize_emails", revision: "EmailAddress.normalForm, second rule") {
      try await EmailRenormalization(on: $0).run()
    },
    Migration(
      version: 4, name: "create_service_keys",
      sql: String(decoding: PackageResources._004_create_service_keys_sql, as: UTF8.self)),
    Migration(
      version: 5, name: "create_accounts",
      sql: String(decoding: PackageResources._005_create_accounts_sql, as: UTF8.self)),
    Migration(
      version: 6, name: "index_delete_time",
      sql: String(decoding: PackageResources._006_index_delete_time_sql, as: UTF8.self)),
    Migration(
      version: 7, name: "create_events",
      sql: String(decoding: PackageResources._007_create_events_sql, as: UTF8.self)),
    Migration(
      version: 8, name: "create_ended_sessions",
      sql: String(decoding: PackageResources._008_create_ended_sessions_sql, as: UTF8.self)),
    Migration(
      version: 9, name: "index_orders_and_filters",
      sql: String(decoding: PackageResources._009_index_orders_and_filters_sql, as: UTF8.self)),
    Migration(version: 10, name: "index_labels", revision: "user_labels, first form") {
      try await LabelIndexing(on: $0).run()
    },
    Migration(
      version: 11, name: "creation_requests_and_imports",
      sql: String(decoding: PackageResources._011_creation_requests_and_imports_sql, as: UTF8.self)),
    Migration(
      version: 12, name: "create_one_time_tokens",
      sql: String(decoding: PackageResources._012_create_one_time_tokens_sql, as: UTF8.self)),
  ]

  /// The tables that a serving process uses, each with the privileges that its role needs.
  /// - Parameter purges: the process also purges deleted users (`PurgeWork`).
  public static func privileges(purges: Bool) -> [(table: String, privileges: [String])] {
    let serving = [
      ("users", ["SELECT", "INSERT", "UPDATE", "DELETE"]), ("service_keys", ["SELECT"]),
      ("schema_migrations", ["SELECT"]),
      ("accounts", ["SELECT", "INSERT", "UPDATE"]), ("sessions", ["SELECT", "INSERT", "UPDATE", "DELETE"]),
      ("user_events", ["SELECT", "INSERT", "DELETE"]), ("user_feed", ["SELECT", "INSERT", "DELETE"]),
      ("user_feed_head", ["SELECT", "UPDATE"]), ("ended_sessions", ["SELECT", "INSERT", "DELETE"]),
      ("one_time_tokens", ["SELECT", "INSERT", "UPDATE", "DELETE"]),
      ("user_labels", ["SELECT"]), ("creation_requests", ["SELECT", "INSERT", "DELETE"]),
      ("imports", ["SELECT", "INSERT", "UPDATE", "DELETE"]), ("import_failures", ["SELECT", "INSERT"]),
    ]
    return purges ? serving + [("worker_leases", ["SELECT", "UPDATE"])] : serving
  }
}
