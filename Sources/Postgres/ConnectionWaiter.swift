/// Somebody who waits for a connection of the pool. Belongs to the loop of the pool.
class ConnectionWaiter {
  /// The connection was given to it, until the pool is told that it was released.
  func granted(_ id: Int, by client: LoopClient) {}
  /// It gets none.
  func refused(_ error: PostgresError, by client: LoopClient) {}
  /// Whether the connection still works has to be seen before it is granted. What is asked to find out, or nil.
  func check(of connection: Connection, isFresh: Bool) -> Statement? { nil }
}
