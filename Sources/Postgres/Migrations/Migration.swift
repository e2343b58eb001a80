import Primitives

/// One step of a schema, applied once, in the order of versions: SQL text, or Swift code.
public struct Migration: Sendable {
  /// Swift code that changes the database, on the migrator's connection, and in no transaction but those that it
  /// begins. It must be repeatable: an attempt may be interrupted at any point, and one that times out on a lock is
  /// repeated.
  public typealias Code = nonisolated(nonsending) @Sendable (PostgresLease) async throws -> Void

  /// How its text is run.
  enum Form: Sendable {
    /// The whole text and the row that records it, in one transaction.
    case transaction
    /// Statement by statement, then the row that records it.
    case statements([String])
    case code(Code)
  }

  /// The first line of SQL that can't run in a transaction.
  public static let withoutTransaction = "-- without a transaction"

  /// Positive, and unique among the migrations of a database.
  public let version: Int
  /// Its name in logs and in the table of applied migrations. It may change later.
  public let name: String
  /// The SQL, or the revision of the Swift code.
  public let text: String
  let form: Form
  /// The migration that a program must know to work with a database that has this one. 0 if programs that worked before
  /// still work. For example, to drop a column, first release a version of the program that doesn't use it; the
  /// migration that drops it then `needs` the last migration that this version knows.
  public let needs: Int

  /// - Parameter sql: one or more commands. They run in one transaction, so they must not include BEGIN, COMMIT or
  ///   commands that can't run in one (CREATE INDEX CONCURRENTLY), nor take long while they hold a strong lock.
  ///
  ///   If the first line is `withoutTransaction`, each command runs by itself, and all run again after an interruption:
  ///   so each needs an IF NOT EXISTS or the like. A semicolon at the end of a line ends a command. Before the first
  ///   command, invalid indexes that the text names are dropped: an interrupted CREATE INDEX CONCURRENTLY left them.
  public init(version: Int, name: String, sql: String, needs: Int = 0) {
    self.needs = needs
    self.version = version
    self.name = name
    text = sql
    form = sql.hasPrefix(Self.withoutTransaction + "\n") ? .statements(Self.statements(of: sql)) : .transaction
  }

  /// - Parameter revision: must change when what `code` does to a database changes; never change it for an applied
  ///   migration.
  public init(version: Int, name: String, revision: String, needs: Int = 0, code: @escaping Code) {
    self.needs = needs
    self.version = version
    self.name = name
    text = revision
    form = .code(code)
  }

  /// Whether it is Swift code: its text is no SQL then.
  public var isCode: Bool { if case .code = form { true } else { false } }

  /// Detects that an applied migration was changed: FNV-1a of its text. It is no protection against tampering.
  public var checksum: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Hex.digits(hash)
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
