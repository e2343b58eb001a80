import EventLoop
import Glibc
import Logging
import Synchronization
import Transport

/// Keeps a server's certificates up to date while it serves: they are read again after SIGHUP, and when a file has
/// changed. Those that are about to end are warned of.
final class Certificates: Sendable {
  private struct State {
    /// SIGHUP came: read them even if they look unchanged.
    var isForced = false
    /// Why the files as they are now can't be used.
    var failure: TLSError?
    /// When the log was last told which certificates are about to end; nil: not of these.
    var warned: ContinuousClock.Instant?
    var worker: BackgroundWorker?
  }

  /// How often the files are looked at.
  private static let period = Duration.seconds(5)
  /// How long before its end, in seconds, a certificate is warned of, and how often.
  private static let notice: Int64 = 14 * 86_400
  private static let warningPeriod = Duration.seconds(86_400)

  let credentials: TLSCredentials
  private let logger: Logger
  private let state = Mutex(State())

  init(credentials: TLSCredentials, logger: Logger) {
    self.credentials = credentials
    self.logger = logger
  }

  /// The worker that looks at the files. Renewed ones are taken up within `period`, also after bad ones.
  /// - Parameter files: reading them is nothing for a loop's thread.
  func makeWorker(
    on loop: EventLoop, files: OffloadPool, onChange: @escaping @Sendable (WorkerState) -> Void
  ) -> BackgroundWorker {
    let worker = BackgroundWorker(
      "certificates", on: loop, logger: logger, backoff: Backoff(first: .seconds(1), limit: Self.period),
      onChange: onChange
    ) { [unowned self] in try await turn(files) }
    state.withLock { $0.worker = worker }
    return worker
  }

  /// Has the files read at once. Any thread.
  func reload() {
    let worker = state.withLock { state in
      state.isForced = true
      return state.worker
    }
    worker?.wake()
  }

  private func turn(_ files: OffloadPool) async throws -> Duration {
    warnOfEnd()
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
      logger.info("New connections get the certificates that were just read.")
      state.withLock { ($0.failure, $0.warned) = (nil, nil) }
    case .success(false):
      // They are as bad as they were.
      if let failure = state.withLock({ $0.failure }) { throw failure }
    case .failure(let error):
      logger.error("The new certificates can't be used; the ones from before stay.", metadata: ["error": "\(error)"])
      state.withLock { $0.failure = error }
      throw error
    }
    return Self.period
  }

  private func warnOfEnd() {
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
        logger.warning("A certificate ends soon: renew it.", metadata: metadata)
      } else {
        logger.error("A certificate has ended: clients refuse it. Renew it.", metadata: metadata)
      }
    }
  }
}
