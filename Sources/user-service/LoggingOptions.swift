import ArgumentParser
import Logging

/// The flags for logging. Logs go to standard error, one line for each entry.
struct LoggingOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The lowest level that is logged: trace, debug, info, notice, warning, error, critical."
        + " [env: USER_SERVICE_LOG_LEVEL] (default: info)",
      valueName: "level"),
    transform: { text in
      guard let level = Logger.Level(rawValue: text) else { throw ValidationError("'\(text)' is not a log level.") }
      return level
    })
  var logLevel: Logger.Level?

  /// Sets up logging for the process. Call it once.
  func bootstrap() throws -> Logger {
    let level =
      try logLevel ?? Environment.value("USER_SERVICE_LOG_LEVEL", "a log level", Logger.Level.init(rawValue:)) ?? .info
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = level
      return handler
    }
    return Logger(label: "user-service")
  }
}
