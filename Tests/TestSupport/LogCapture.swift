public import Logging
import Synchronization

/// A log handler that keeps its lines, for tests that look at them. Any thread may use it.
public final class LogCapture: LogHandler, Sendable {
  private let storage = Mutex<[String]>([])

  /// A handler without lines.
  public init() {}

  /// What was logged so far: level, message and metadata of each event.
  public var lines: [String] { storage.withLock { $0 } }

  /// A logger that writes to this handler.
  public var logger: Logger { Logger(label: "test") { _ in self } }

  /// None: only the metadata of each event is kept.
  public var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }

  /// Always debug.
  public var logLevel: Logger.Level {
    get { .debug }
    set {}
  }

  /// None, as `metadata`.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  /// Keeps one line.
  public func log(event: LogEvent) {
    let line = "\(event.level) \(event.message) \(event.metadata ?? [:])"
    storage.withLock { $0.append(line) }
  }
}

extension Logger {
  /// Drops every line.
  public static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
