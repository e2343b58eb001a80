internal import EventLoop
internal import Logging
internal import Primitives
internal import Synchronization
internal import Transport

/// The credentials of a channel, whose files are looked at before connections are opened. Any thread.
final class RenewingCredentials: Sendable {
  /// Files are read there, not on loops.
  private static let pool = OffloadPool(threads: 1, queueLimit: 1024)
  private static let leastTimeBetweenLooks: UInt64 = 1_000_000_000

  private let credentials: TLSClientCredentials
  private let logger: Logger
  private let lookedAt = Mutex<UInt64?>(nil)

  init(_ credentials: TLSClientCredentials, _ logger: Logger) {
    self.credentials = credentials
    self.logger = logger
  }

  var context: TLSClientContext { credentials.context }

  /// Takes files up that have changed.
  func renew() async {
    let now = MonotonicClock.nanoseconds
    let isDue = lookedAt.withLock { last in
      if let last, !now.isPast(last, by: Self.leastTimeBetweenLooks) { return false }
      last = now
      return true
    }
    guard isDue else { return }
    // What the pool refuses, the next connection does.
    try? await Self.pool.run { [credentials, logger] in
      do throws(TLSError) {
        if try credentials.reloadIfChanged() { logger.info("The TLS credentials of a channel were renewed.") }
      } catch {
        logger.error(
          "TLS credentials can't be used: those from before stay in use.", metadata: ["error": "\(error)"])
      }
    }
  }
}
