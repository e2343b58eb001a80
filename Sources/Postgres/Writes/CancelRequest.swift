import CPostgres

/// A request to the server to cancel what a connection runs. libpq sends it over a connection of its own, and blocks
/// meanwhile: not on a loop.
///
/// The signal may come when the statement has ended already, and would then meet the next one: a connection for which
/// this was sent is closed as soon as it has answered.
// @unchecked Sendable: libpq's object never changes, and PQcancel may be called from any thread.
final class CancelRequest: @unchecked Sendable {
  private let handle: OpaquePointer

  init?(_ connection: OpaquePointer) {
    guard let handle = PQgetCancel(connection) else { return nil }
    self.handle = handle
  }

  deinit { PQfreeCancel(handle) }

  /// Blocks. Whether it had an effect shows in the answer of the statement.
  func send() {
    var reason = [CChar](repeating: 0, count: 256)
    _ = PQcancel(handle, &reason, Int32(reason.count))
  }
}
