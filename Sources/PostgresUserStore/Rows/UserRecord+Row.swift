import Postgres
import UserService

extension UserRecord {
  /// Reads a row of `UserSQL.columns`.
  /// - Throws: `damagedRow` if this row has what the service never writes, `database` if the columns are others.
  init(row: PostgresRow) throws(UserServiceError) {
    do throws(PostgresError) {
      let id = try row[0].uuid
      self.init(
        id: UserID(high: id.high, low: id.low), email: try row[1].text, name: try row[2].text, labels: [:],
        createTime: try row[4].timestamp, updateTime: try row[5].timestamp,
        deleteTime: row[6].isNull ? nil : try row[6].timestamp,
        purgeTime: row[7].isNull ? nil : try row[7].timestamp, version: try row[8].int64)
    } catch {
      throw Self.isNullDamage(row) ?? .database(error)
    }
    guard let labels = try Self.labels(row), hasTimesOfMessages else { throw .damagedRow(id) }
    self.labels = labels
  }

  /// A null where the schema has none is one row's fault; a column of another type is every row's.
  private static func isNullDamage(_ row: PostgresRow) -> UserServiceError? {
    guard [1, 2, 4, 5, 8].contains(where: { row[$0].isNull }), let id = try? row[0].uuid else { return nil }
    return .damagedRow(UserID(high: id.high, low: id.low))
  }

  /// Nil if they are no object of strings.
  private static func labels(_ row: PostgresRow) throws(UserServiceError) -> [String: String]? {
    if row[3].isNull { return nil }
    do throws(PostgresError) {
      return LabelsJSON.decode(try row[3].text)
    } catch {
      throw .database(error)
    }
  }

  /// A Timestamp goes from the year 1 to 9999; a timestamptz has more, and infinity.
  private var hasTimesOfMessages: Bool {
    let range: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999
    return range.contains(createTime) && range.contains(updateTime) && range.contains(deleteTime ?? 0)
      && range.contains(purgeTime ?? 0)
  }
}
