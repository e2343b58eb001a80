/// A caller or a write that waits for a connection of the pool. It belongs to the pool's loop.
class ConnectionWaiter {
  /// Called when the pool gives it connection `id`. It holds the connection until the pool is told of its release.
  func granted(_ id: Int, by client: LoopClient) {}
  /// Called when it gets no connection.
  func refused(_ error: PostgresError, by client: LoopClient) {}
  /// The statement that must succeed on the connection before it is granted (the pre-ping), or nil if none is needed.
  /// `isFresh`: the connection has just been opened.
  func check(of connection: Connection, isFresh: Bool) -> Statement? { nil }
}
