import Postgres
import UserService

/// A stored user that the service can't read, because somebody else wrote to the table.
struct DamagedRow: Error, CustomStringConvertible {
  let id: UserID

  var description: String { "The stored user \(id) can't be read." }
}

extension StoreError {
  /// - Parameter isSafeToRetry: nothing was changed.
  static func damagedRow(_ id: UserID, isSafeToRetry: Bool = false) -> StoreError {
    .failed(StoreFailure(.internal, isSafeToRetry: isSafeToRetry, cause: DamagedRow(id: id)))
  }

  /// The user whose row can't be read, if that is the error.
  var damagedRow: UserID? {
    if case .failed(let failure) = self { (failure.cause as? DamagedRow)?.id } else { nil }
  }
}

extension UserRecord {
  /// Reads a row of `UserSQL.columns`.
  /// - Throws: `damagedRow` if this row has a value that the service never writes; otherwise what reading columns of
  ///   another type means.
  init(row: PostgresRow) throws(StoreError) {
    do throws(PostgresError) {
      let id = try row[0].uuid
      self.init(
        id: UserID(high: id.high, low: id.low), email: try row[1].text, name: try row[2].text, labels: [:],
        createTime: try row[4].timestamp, updateTime: try row[5].timestamp,
        deleteTime: row[6].isNull ? nil : try row[6].timestamp,
        purgeTime: row[7].isNull ? nil : try row[7].timestamp, version: try row[8].int64)
    } catch {
      throw Self.unexpectedNull(row) ?? StoreError(error)
    }
    guard let labels = try Self.labels(row), hasTimesOfMessages else { throw .damagedRow(id) }
    self.labels = labels
  }

  /// A NULL where the schema allows none damages one row; a column of another type makes all rows unreadable.
  private static func unexpectedNull(_ row: PostgresRow) -> StoreError? {
    guard [1, 2, 4, 5, 8].contains(where: { row[$0].isNull }), let id = try? row[0].uuid else { return nil }
    return .damagedRow(UserID(high: id.high, low: id.low))
  }

  /// Nil unless the labels are an object of strings.
  private static func labels(_ row: PostgresRow) throws(StoreError) -> [String: String]? {
    if row[3].isNull { return nil }
    do throws(PostgresError) {
      return LabelsJSON.decode(try row[3].text)
    } catch {
      throw StoreError(error)
    }
  }

  /// A Timestamp can hold the years 1 to 9999. A timestamptz can hold more, and infinity.
  private var hasTimesOfMessages: Bool {
    let range: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999
    return range.contains(createTime) && range.contains(updateTime) && range.contains(deleteTime ?? 0)
      && range.contains(purgeTime ?? 0)
  }
}
