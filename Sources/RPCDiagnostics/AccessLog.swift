public import Logging
internal import Primitives
public import RPCCore
internal import Synchronization

/// Logs a line for each call when it ends: its method, status, duration and sizes, and who called: the id that an
/// interceptor found out, or the identity that a client certificate proves. It never logs messages, metadata or error
/// messages: they may hold secrets or personal data.
public struct AccessLog: ServerInterceptor {
  private let logger: Logger
  private let level: Logger.Level

  /// - Parameters:
  ///   - logger: where the lines go.
  ///   - level: the level of each line. If the logger's level is higher, calls are not observed at all.
  public init(logger: Logger, level: Logger.Level = .info) {
    self.logger = logger
    self.level = level
  }

  /// Observes the call, unless the logger would drop the line.
  public func callStarted(_ start: CallStart) -> (any CallObserver)? {
    logger.logLevel <= level ? Entry(logger: logger, level: level, start: start) : nil
  }

  private final class Entry: CallObserver {
    let logger: Logger
    let level: Logger.Level
    let start: CallStart
    let caller = Mutex<String?>(nil)

    init(logger: Logger, level: Logger.Level, start: CallStart) {
      self.logger = logger
      self.level = level
      self.start = start
    }

    func callerIdentified(_ id: String) { caller.withLock { $0 = id } }

    func ended(_ summary: CallSummary) {
      let (seconds, attoseconds) = summary.duration.components
      var metadata: Logger.Metadata = [
        "method": "\(start.methodName)", "peer": "\(start.peer)", "status": "\(summary.status)",
        "duration_us": "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)",
        "request_messages": "\(summary.received.count)", "request_bytes": "\(summary.received.wireSize)",
        "response_messages": "\(summary.sent.count)", "response_bytes": "\(summary.sent.wireSize)",
      ]
      if let caller = caller.withLock({ $0 }) ?? start.security?.peerCertificate?.identities.first {
        metadata["caller"] = "\(PeerText.excerpt(caller))"
      }
      logger.log(level: level, "Call.", metadata: metadata)
    }
  }
}
