/// One step of a schema: SQL text, applied once, in the order of versions.
public struct Migration: Sendable, Hashable {
  /// Positive, and unique among the migrations of a database.
  public let version: Int
  public let name: String
  /// One or more commands. They run in one transaction, so nothing that cannot (CREATE INDEX CONCURRENTLY, VACUUM), and no
  /// BEGIN or COMMIT.
  public let sql: String

  public init(version: Int, name: String, sql: String) {
    self.version = version
    self.name = name
    self.sql = sql
  }

  /// What tells a changed migration from the applied one: FNV-1a over its text. Not a defence against anybody.
  public var checksum: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in sql.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
