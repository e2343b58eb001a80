import EventLoop
import Logging
import Synchronization
import UserService

/// Stored users that the service can't read, because somebody else wrote to the table. Pages leave them out, so that
/// they don't hide the other users. The log names them, at most one a second.
final class DamagedRows: Sendable {
  private let logger: Logger?
  private let total = Atomic<Int>(0)

  init(logger: Logger?) { self.logger = logger }

  /// How often a user was left out of a page.
  var count: Int { total.load(ordering: .relaxed) }

  func leftOut(_ id: UserID) {
    let (_, count) = total.wrappingAdd(1, ordering: .relaxed)
    // Calls are served on loops only, and each loop has a throttle.
    guard let logger, let throttle = EventLoop.current?.logThrottle else { return }
    throttle.log(
      .error, "A stored user can't be read: it is left out of a page.",
      metadata: ["user": "\(id)", "so_far": "\(count)"], to: logger)
  }
}
