import EventLoop
import Primitives

/// One attempt at one write, or at several rows of a grouped write. It holds a connection from its first byte to its
/// answer, and belongs to the loop of its writes.
final class WriteAttempt: ConnectionWaiter {
  /// Nanoseconds. A connection that has been silent for longer is pinged before it gets a write. The network may have
  /// dropped the connection without the socket noticing, and a write sent into it would have an unknown outcome.
  private static let trustedSilence: UInt64 = 5_000_000_000

  let writes: [PendingWrite]
  let lane: WriteLane
  /// The pool's number for its connection; nil while the attempt waits for one.
  private(set) var connection: Int?
  /// The statement; nil until it is sent.
  var query: PendingQuery?
  /// When the statement was sent. CLOCK_MONOTONIC in nanoseconds.
  var sentAt: UInt64 = 0
  /// When a working server must have answered; after that the connection is closed. CLOCK_MONOTONIC in nanoseconds.
  var silentAfter = UInt64.max
  /// The client has sent a cancel request for it.
  var isCancelled = false

  init(_ writes: [PendingWrite], _ lane: WriteLane) {
    self.writes = writes
    self.lane = lane
    super.init()
    for write in writes { write.attempt = self }
  }

  /// The statement's parameters: the write's own, or one array for each column of the rows.
  func parameters() throws(PostgresError) -> [PostgresValue] {
    if case .single(_, let parameters, _) = writes[0].work { return parameters }
    var rows: [[PostgresValue]] = []
    rows.reserveCapacity(writes.count)
    for write in writes { if case .row(_, let row) = write.work { rows.append(row) } }
    return try GroupedWrite.columns(rows)
  }

  override func granted(_ id: Int, by client: LoopClient) {
    connection = id
    client.send(self, on: id)
  }

  override func refused(_ error: PostgresError, by client: LoopClient) { client.finish(self, .failure(error)) }

  override func check(of connection: Connection, isFresh: Bool) -> Statement? {
    let isTrusted = isFresh || connection.loop.now < connection.lastProgress.saturatingAdd(Self.trustedSilence)
    return isTrusted ? nil : .ping
  }
}
