import EventLoop

/// One attempt at one write, or at several rows of a grouped write: it holds a connection from its first byte to its
/// answer. It belongs to the loop of its writes.
final class WriteUnit: ConnectionWaiter {
  /// A connection that has been silent for longer may have been swallowed by the network, which a read of its socket
  /// does not tell: a write that is lost on it would have an unknown outcome.
  private static let trustedSilence: UInt64 = 5_000_000_000

  let writes: [PendingWrite]
  let lane: WriteLane
  /// The number of its connection in the pool; nil while it waits for one.
  private(set) var connection: Int?
  var query: PendingQuery?
  var sentAt: UInt64 = 0
  /// When a server that works has answered.
  var silentAfter = UInt64.max
  /// The server was asked to cancel it.
  var isCancelled = false

  init(_ writes: [PendingWrite], _ lane: WriteLane) {
    self.writes = writes
    self.lane = lane
    super.init()
    for write in writes { write.unit = self }
  }

  /// What the statement takes: the write's own parameters, or an array for each column of the rows.
  func parameters() throws(PostgresError) -> [PostgresValue] {
    if case .single(_, let parameters) = writes[0].work { return parameters }
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
