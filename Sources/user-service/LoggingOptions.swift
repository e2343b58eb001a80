import ArgumentParser
import Logging

/// Logs go to standard error, a line each.
struct LoggingOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The least level that is logged: trace, debug, info, notice, warning, error, critical."
        + " [env: USER_SERVICE_LOG_LEVEL] (default: info)",
      valueName: "level"),
    transform: { text in
      guard let level = Logger.Level(rawValue: text) else { throw ValidationError("'\(text)' is no log level.") }
      return level
    })
  var logLevel: Logger.Level?

  /// To be called once.
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
