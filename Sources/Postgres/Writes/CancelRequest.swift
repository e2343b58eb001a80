import CPostgres

/// A request to the server to cancel the statement that a connection is running.
///
/// libpq sends it over a new connection and blocks until it is sent, so never send it on a loop. The server may act on
/// it after the statement has ended, and would then cancel the next one. So once the statement has been answered, the
/// client closes the connection.
/// https://www.postgresql.org/docs/15/libpq-cancel.html
// @unchecked Sendable: libpq never changes the object, and PQcancel may be called from any thread.
final class CancelRequest: @unchecked Sendable {
  private let handle: OpaquePointer

  init?(_ connection: OpaquePointer) {
    guard let handle = PQgetCancel(connection) else { return nil }
    self.handle = handle
  }

  deinit { PQfreeCancel(handle) }

  /// Sends the request. Blocks. Only the statement's own answer tells whether the request had an effect.
  func send() {
    var reason = [CChar](repeating: 0, count: 256)
    _ = PQcancel(handle, &reason, Int32(reason.count))
  }
}
