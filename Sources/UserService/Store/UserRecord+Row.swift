import Postgres

extension UserRecord {
  /// Reads a row of `UserSQL.columns`.
  init(row: PostgresRow) throws(UserServiceError) {
    do throws(PostgresError) {
      let id = try row[0].uuid
      self.init(
        id: UserID(high: id.high, low: id.low), email: try row[1].text, name: try row[2].text, labels: [:],
        createTime: try row[4].timestamp, updateTime: try row[5].timestamp,
        deleteTime: row[6].isNull ? nil : try row[6].timestamp,
        purgeTime: row[7].isNull ? nil : try row[7].timestamp, version: try row[8].int64)
    } catch {
      throw .database(error)
    }
    labels = try Self.labels(row, id)
  }

  private static func labels(_ row: PostgresRow, _ id: UserID) throws(UserServiceError) -> [String: String] {
    let text: String
    do throws(PostgresError) {
      text = try row[3].text
    } catch {
      throw .database(error)
    }
    guard let labels = LabelsJSON.decode(text) else { throw .damagedRow(id) }
    return labels
  }
}
