public import Logging
internal import Primitives
public import RPCCore

/// Logs each call when it is over, a line with its method, status, time and sizes, and with who called where that is
/// proven by a client certificate. Neither messages nor metadata are logged, nor what an error says: they may be secret
/// or personal.
public struct AccessLog: ServerInterceptor {
  private let logger: Logger
  private let level: Logger.Level

  /// - Parameters:
  ///   - logger: where the lines go.
  ///   - level: of each line. If the logger is set to a higher one, calls are not observed at all.
  public init(logger: Logger, level: Logger.Level = .info) {
    self.logger = logger
    self.level = level
  }

  /// Observes the call, unless the logger would drop the line.
  public func callStarted(_ start: CallStart) -> (any CallObserver)? {
    logger.logLevel <= level ? Entry(logger: logger, level: level, start: start) : nil
  }

  private struct Entry: CallObserver {
    let logger: Logger
    let level: Logger.Level
    let start: CallStart

    func ended(_ summary: CallSummary) {
      let (seconds, attoseconds) = summary.duration.components
      var metadata: Logger.Metadata = [
        "method": "\(start.methodName)", "peer": "\(start.peer)", "status": "\(summary.status)",
        "duration_us": "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)",
        "request_messages": "\(summary.received.count)", "request_bytes": "\(summary.received.wireSize)",
        "response_messages": "\(summary.sent.count)", "response_bytes": "\(summary.sent.wireSize)",
      ]
      if let caller = start.security?.clientCertificate?.identities.first {
        metadata["caller"] = "\(PeerText.excerpt(caller))"
      }
      logger.log(level: level, "Call.", metadata: metadata)
    }
  }
}
