public import Postgres

/// The schema of the user service, step by step. The files under `Migrations/` are part of the program.
/// (SwiftPM names a constant after each file, with an underscore for the first digit, which can't begin an identifier.)
public enum UserMigrations {
  /// In order. Never change one that was applied: add a new file and a new line.
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
  ]

  /// The privileges that the serving role needs on each table.
  public static let privileges = [
    ("users", ["SELECT", "INSERT", "UPDATE", "DELETE"]), ("worker_leases", ["SELECT", "UPDATE"]),
    ("service_keys", ["SELECT"]), ("schema_migrations", ["SELECT"]),
  ]
}
