import Postgres
import UserService

extension UserEvent {
  /// Reads a row of `FeedSQL.events`. Nil if it is no event that this version of the service knows: a newer one may
  /// have written it.
  init?(row: PostgresRow) throws(PostgresError) {
    guard let kind = UserEvent.Kind(rawValue: try row[3].text) else { return nil }
    let user = try row[2].uuid
    self.init(
      position: try FeedPosition(row: row), userID: UserID(high: user.high, low: user.low), kind: kind,
      version: try row[4].int64, fields: try row[5].textArray,
      author: row[6].isNull ? nil : Author(id: try row[6].text), time: try row[7].timestamp)
  }
}

extension FeedPosition {
  /// Reads the first two columns: position and stamp.
  init(row: PostgresRow) throws(PostgresError) {
    self.init(number: try row[0].int64, stamp: try row[1].int64)
  }
}
