/// Compares a program's migrations with those that the database has. Pure.
enum MigrationPlan {
  struct Applied: Sendable, Hashable {
    let version: Int
    let name: String
    let checksum: String
    /// The migration that a program must know to work with the schema from now on; 0: none.
    var needs = 0
  }

  /// The migrations that are missing, in order.
  ///
  /// A database may have later migrations than the program knows: during a rolling update the old program still runs.
  /// - Throws: `migrationFailed` if an applied one was changed, if one is missing before an applied one, if a later one
  ///   needs a newer program, or if versions are not unique and positive.
  static func pending(_ migrations: [Migration], applied: [Applied]) throws(PostgresError) -> [Migration] {
    let sorted = migrations.sorted { $0.version < $1.version }
    var previous = 0
    for migration in sorted {
      guard migration.version > previous else {
        throw failure("Migration \(migration.version) \(migration.name): versions must be positive and unique.")
      }
      previous = migration.version
    }
    if let breaking = applied.first(where: { $0.version > previous && $0.needs > previous }) {
      throw failure(
        """
        The database is too new: it has migration \(breaking.version) \(breaking.name), with which a version of the \
        program works only if it knows migration \(breaking.needs). This one knows those up to \(previous).
        """)
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
          "Migration \(migration.version) \(migration.name) was changed after it was applied: write a new one."
        )
      }
    }
    return pending
  }

  /// How many applied migrations are later than those that the program knows.
  static func later(_ migrations: [Migration], applied: [Applied]) -> Int {
    let known = migrations.map(\.version).max() ?? 0
    return applied.count { $0.version > known }
  }

  private static func failure(_ message: String) -> PostgresError { PostgresError(.migrationFailed, message) }
}
