/// What is to be applied, found by comparing a program's migrations with those that the database has. Pure.
enum MigrationPlan {
  struct Applied: Sendable, Hashable {
    let version: Int
    let name: String
    let checksum: String
  }

  /// The migrations that are missing, in order.
  ///
  /// A database may have later migrations than the program knows: during a rolling update the old program still runs.
  /// - Throws: `migrationFailed` if an applied one was changed, if one is missing before an applied one, or if versions are
  ///   not unique and positive.
  static func pending(_ migrations: [Migration], applied: [Applied]) throws(PostgresError) -> [Migration] {
    let sorted = migrations.sorted { $0.version < $1.version }
    var previous = 0
    for migration in sorted {
      guard migration.version > previous else {
        throw failure("Migration \(migration.version) \(migration.name): versions must be positive and unique.")
      }
      previous = migration.version
    }
    let latest = applied.map(\.version).max() ?? 0
    var pending: [Migration] = []
    for migration in sorted {
      guard let known = applied.first(where: { $0.version == migration.version }) else {
        guard migration.version > latest else {
          throw failure(
            "Migration \(migration.version) \(migration.name) is missing, and the database has \(latest) already.")
        }
        pending.append(migration)
        continue
      }
      guard known.checksum == migration.checksum else {
        throw failure(
          "Migration \(migration.version) \(migration.name) was changed after it was applied: undo the change, and write it as a new migration."
        )
      }
    }
    return pending
  }

  private static func failure(_ message: String) -> PostgresError { PostgresError(.migrationFailed, message) }
}
