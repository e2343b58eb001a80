/// One step of a schema, applied once, in the order of versions: SQL text, or Swift code.
public struct Migration: Sendable {
  /// What Swift code does to the database, on the migrator's connection, in no transaction but those that it begins.
  /// It must be able to begin again: an attempt may have ended in its middle, and one that met a lock is repeated.
  public typealias Code = nonisolated(nonsending) @Sendable (PostgresLease) async throws -> Void

  /// How its text is run.
  enum Form: Sendable {
    /// All of it and the note that it was applied: one transaction.
    case transaction
    /// Statement by statement, and then the note.
    case statements([String])
    case code(Code)
  }

  /// The first line of SQL that cannot run in a transaction.
  public static let withoutTransaction = "-- without a transaction"

  /// Positive, and unique among the migrations of a database.
  public let version: Int
  /// What it is called in logs and in the table of applied migrations. It may change later.
  public let name: String
  /// SQL, or what tells Swift code from an earlier form of it.
  public let text: String
  let form: Form
  /// The migration that a program must know to work with a database that has this one; 0: any program that worked
  /// before goes on working. A version of the program that does without a column comes before the migration that drops
  /// it, which `needs` the last one that this version knows.
  public let needs: Int

  /// - Parameter sql: one or more commands. They run in one transaction, so nothing that cannot (CREATE INDEX
  ///   CONCURRENTLY), and no BEGIN or COMMIT; and nothing that takes long while it holds a strong lock.
  ///
  ///   If the first line is `withoutTransaction`, each command runs by itself, and begins again after an interruption:
  ///   so each has its IF NOT EXISTS or the like. A semicolon at the end of a line ends a command. An invalid index of
  ///   a name in the text is what an interrupted CREATE INDEX CONCURRENTLY left: it is dropped first.
  public init(version: Int, name: String, sql: String, needs: Int = 0) {
    self.needs = needs
    self.version = version
    self.name = name
    text = sql
    form = sql.hasPrefix(Self.withoutTransaction + "\n") ? .statements(Self.statements(of: sql)) : .transaction
  }

  /// - Parameter revision: changes with what `code` does to a database; an applied migration has one for ever.
  public init(version: Int, name: String, revision: String, needs: Int = 0, code: @escaping Code) {
    self.needs = needs
    self.version = version
    self.name = name
    text = revision
    form = .code(code)
  }

  /// What tells a changed migration from the applied one: FNV-1a over its text. Not a defence against anybody.
  public var checksum: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func statements(of sql: String) -> [String] {
    var statements: [String] = []
    var lines: [Substring] = []
    for line in sql.split(separator: "\n") where !line.hasPrefix("--") {
      lines.append(line)
      guard line.last == ";" else { continue }
      statements.append(lines.joined(separator: "\n"))
      lines = []
    }
    if !lines.isEmpty { statements.append(lines.joined(separator: "\n")) }
    return statements
  }
}
