import EventLoop
import Glibc
import Logging
import Primitives
import Synchronization
import Transport

/// Keeps a server's certificates up to date while it serves: reloads them after SIGHUP and when a file changes, and
/// warns of certificates that expire soon.
final class Certificates: Sendable {
  private struct State {
    /// SIGHUP came: reload the files even if they look unchanged.
    var isForced = false
    /// Why the current files can't be used.
    var failure: TLSError?
    /// When the expiry of these certificates was last checked; nil if it was not yet.
    var warned: ContinuousClock.Instant?
    var worker: BackgroundWorker?
  }

  /// How often the worker checks the files.
  private static let period = Duration.seconds(5)
  /// How long before a certificate expires the worker begins to warn, in seconds, and how often it repeats that.
  private static let notice: Int64 = 14 * 86_400
  private static let warningPeriod = Duration.seconds(86_400)

  let credentials: TLSCredentials
  private let logger: Logger
  private let state = Mutex(State())

  init(credentials: TLSCredentials, logger: Logger) {
    self.credentials = credentials
    self.logger = logger
  }

  /// Makes the worker that checks the files. It loads renewed ones within `period`, also after a failure.
  /// - Parameter files: the threads that read the files, since that blocks.
  func makeWorker(
    on loop: EventLoop, files: OffloadPool, onChange: @escaping @Sendable (WorkerState) -> Void
  ) -> BackgroundWorker {
    let worker = BackgroundWorker(
      "certificates", on: loop, logger: logger, backoff: Backoff(first: .seconds(1), limit: Self.period),
      onChange: onChange
    ) { [unowned self] in try await check(files) }
    state.withLock { $0.worker = worker }
    return worker
  }

  /// Makes the worker reload the files at once. Any thread.
  func reload() {
    let worker = state.withLock { state in
      state.isForced = true
      return state.worker
    }
    worker?.wake()
  }

  private func check(_ files: OffloadPool) async throws -> Duration {
    warnOfExpiry()
    let isForced = state.withLock { state in
      defer { state.isForced = false }
      return state.isForced
    }
    let credentials = credentials
    let result = try await files.run { () -> Result<Bool, TLSError> in
      Result { () throws(TLSError) in
        guard isForced else { return try credentials.reloadIfChanged() }
        try credentials.reload()
        return true
      }
    }
    switch result {
    case .success(true):
      logger.info("Certificates reloaded; new connections use them.")
      state.withLock { ($0.failure, $0.warned) = (nil, nil) }
    case .success(false):
      // The files are still the ones that could not be used.
      if let failure = state.withLock({ $0.failure }) { throw failure }
    case .failure(let error):
      logger.error("The new certificates can't be used; the old ones stay in use.", metadata: ["error": "\(error)"])
      state.withLock { $0.failure = error }
      throw error
    }
    return Self.period
  }

  private func warnOfExpiry() {
    let isDue = state.withLock { state in
      if let warned = state.warned, warned.duration(to: .now) < Self.warningPeriod { return false }
      state.warned = .now
      return true
    }
    guard isDue else { return }
    let now = WallClock.seconds()
    for validity in credentials.context.validities where validity.end - now < Self.notice {
      let metadata: Logger.Metadata = ["file": "\(validity.source)", "end": "\(validity.endText)"]
      if validity.end > now {
        logger.warning("A certificate expires soon. Renew it.", metadata: metadata)
      } else {
        logger.error("A certificate has expired; clients refuse it. Renew it.", metadata: metadata)
      }
    }
  }
}
