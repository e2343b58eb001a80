import EventLoop
import Logging
import Synchronization
import UserService

/// Stored users that can't be read, since somebody else wrote to the table. Pages leave them out: they must not hide
/// the other users. They are counted, and the log names them, one a second.
final class DamagedRows: Sendable {
  private let logger: Logger?
  private let total = Atomic<Int>(0)

  init(logger: Logger?) { self.logger = logger }

  /// How often one was left out of a page.
  var count: Int { total.load(ordering: .relaxed) }

  func leftOut(_ id: UserID) {
    let (_, count) = total.wrappingAdd(1, ordering: .relaxed)
    // Off the loops, where nothing is served, there is nothing to hold back.
    guard let logger, let throttle = EventLoop.current?.logThrottle else { return }
    throttle.log(
      .error, "A stored user can't be read: it is left out of a page.",
      metadata: ["user": "\(id)", "so_far": "\(count)"], to: logger)
  }
}
