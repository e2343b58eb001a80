import ArgumentParser
import Postgres

/// The flags that say where the database is, the same for each subcommand that uses it.
struct DatabaseOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Where the database is: a libpq URL or conninfo string. [env: DATABASE_URL]",
      discussion:
        "libpq's PG… variables supply what it leaves out. If it has a password, use the environment variable.",
      valueName: "url"))
  var databaseURL: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How many seconds to wait for the database. [env: USER_SERVICE_STARTUP_TIMEOUT] (default: 15)",
      valueName: "seconds"))
  var startupTimeout: Int?

  func postgres() throws -> PostgresConfiguration {
    guard let url = databaseURL ?? Environment.text("DATABASE_URL") else {
      throw ValidationError("Say where the database is: --database-url postgresql://user@host/name, or DATABASE_URL.")
    }
    var configuration = PostgresConfiguration(url: url)
    configuration.applicationName = "user-service \(UserServiceVersion.current)"
    return configuration
  }

  func timeout() throws -> Duration {
    .seconds(
      try Limits.seconds(startupTimeout, flag: "--startup-timeout")
        ?? Environment.value("USER_SERVICE_STARTUP_TIMEOUT", "a number of seconds, 0 or more", Limits.seconds) ?? 15)
  }
}

/// Parses and checks numbers, in the same way for flags and for environment variables.
enum Limits {
  static func seconds(_ text: String) -> Int? { Int(text).flatMap { (0...86_400).contains($0) ? $0 : nil } }

  static func seconds(_ flag: Int?, flag name: String) throws -> Int? {
    guard let flag else { return nil }
    guard (0...86_400).contains(flag) else { throw ValidationError("\(name) must be from 0 to 86400 seconds.") }
    return flag
  }

  /// The value of a flag or, without it, of an environment variable; nil if neither is set.
  /// - Parameter name: the variable's name without USER_SERVICE_; the flag has the same name.
  /// - Throws: `ValidationError` (exit code 64) if the value is not in the range.
  static func value(_ flag: Int?, _ name: String, _ range: ClosedRange<Int>) throws -> Int? {
    let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
    guard let flag else {
      return try Environment.value("USER_SERVICE_\(name)", expected) { text in
        Int(text).flatMap { range.contains($0) ? $0 : nil }
      }
    }
    guard range.contains(flag) else {
      throw ValidationError("--\(name.lowercased().split(separator: "_").joined(separator: "-")) must be \(expected).")
    }
    return flag
  }

  static func loops(_ text: String) -> Int? { Int(text).flatMap { (1...256).contains($0) ? $0 : nil } }
}
