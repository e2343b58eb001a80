import Postgres
public import UserService

extension PostgresUserStore {
  /// The end of the feed.
  public nonisolated(nonsending) func lastEvent(deadline: UInt64?) async throws(StoreError) -> FeedPosition {
    let rows = try await query(FeedSQL.last, [], deadline)
    guard let row = rows.first else {
      throw .failed(StoreFailure(.internal, isSafeToRetry: true, cause: FeedWithoutHead()))
    }
    do throws(PostgresError) { return try FeedPosition(row: row) } catch { throw StoreError(error) }
  }

  /// Reads the event at the position too: it shows whether the position is of this history, and still kept.
  public nonisolated(nonsending) func events(
    after position: FeedPosition, limit: Int, deadline: UInt64?
  ) async throws(StoreError) -> UserEventPage {
    let parameters: [PostgresValue] = [.int64(position.number), .int64(Int64(min(max(1, limit), 1 << 20) + 1))]
    let rows = try await query(FeedSQL.events, parameters, deadline)
    let page: UserEventPage?
    do throws(PostgresError) { page = try Self.page(rows, after: position) } catch { throw StoreError(error) }
    guard let page else { throw .refused(.eventsGone) }
    return page
  }

  /// Nil if what comes after the position is not there.
  private static func page(
    _ rows: PostgresRows, after position: FeedPosition
  ) throws(PostgresError) -> UserEventPage? {
    guard let first = rows.first, try FeedPosition(row: first) == position else { return nil }
    var page = UserEventPage(events: [], end: position)
    page.events.reserveCapacity(rows.count - 1)
    for row in rows.dropFirst() {
      let next = try FeedPosition(row: row)
      // There is no gap, unless somebody has removed rows by hand: then nobody goes on as if nothing was missing.
      guard next.number == page.end.number + 1 else { return page.end == position ? nil : page }
      if let event = try UserEvent(row: row) { page.events.append(event) }
      page.end = next
    }
    return page
  }
}

/// `user_feed_head` has no row.
struct FeedWithoutHead: Error, CustomStringConvertible {
  var description: String { "The table user_feed_head has no row." }
}
