import ArgumentParser
import PostgresUserStore

/// The flag for the size of a purge's transactions, the same for `serve` and `purge`.
struct PurgeBatchOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "How many users one transaction removes for good. [env: USER_SERVICE_PURGE_BATCH] (default: 500)",
      valueName: "count"))
  var purgeBatch: Int?

  func batchSize() throws -> Int {
    let range = 1...10_000
    if let purgeBatch {
      guard range.contains(purgeBatch) else { throw ValidationError("--purge-batch must be from 1 to 10000.") }
      return purgeBatch
    }
    return try Environment.value("USER_SERVICE_PURGE_BATCH", "a number from 1 to 10000") { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    } ?? UserPurge.defaultBatchSize
  }
}

/// The flags that say how long deleted users are kept.
struct PurgeOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "How long a deleted user can be restored: 30d, 12h, 90m, or seconds. Users deleted before keep their time."
        + " [env: USER_SERVICE_RETENTION] (default: 30d)",
      valueName: "time"))
  var retention: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How often it removes users whose purge time has passed: 60s, 10m; 0 leaves that to `user-service purge`."
        + " [env: USER_SERVICE_PURGE_INTERVAL] (default: 60s)",
      valueName: "time"))
  var purgeInterval: String?

  @OptionGroup var batch: PurgeBatchOptions

  func apply(to settings: inout Service.Settings) throws {
    if let time = try time(retention, "retention", "USER_SERVICE_RETENTION", upTo: 36_525 * 86_400) {
      settings.retention = .seconds(time)
    }
    if let time = try time(purgeInterval, "purge-interval", "USER_SERVICE_PURGE_INTERVAL", upTo: 86_400) {
      settings.purgeInterval = .seconds(time)
    }
    settings.purgeBatch = try batch.batchSize()
  }

  private func time(_ flag: String?, _ name: String, _ variable: String, upTo limit: Int) throws -> Int? {
    let parse: (String) -> Int? = { text in Limits.time(text).flatMap { $0 <= limit ? $0 : nil } }
    let expected = "a time such as 30d, 12h, 90m or 45s, up to \(limit / 86_400) day(s)"
    guard let flag else { return try Environment.value(variable, expected, parse) }
    guard let time = parse(flag) else { throw ValidationError("--\(name) must be \(expected).") }
    return time
  }
}

extension Limits {
  /// A duration in seconds: a number followed by `s`, `m`, `h`, `d` or nothing.
  static func time(_ text: String) -> Int? {
    let units = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    let unit = text.last.flatMap { units[String($0)] }
    guard let number = Int(unit == nil ? text : String(text.dropLast())), number >= 0 else { return nil }
    let (seconds, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    return overflow ? nil : seconds
  }
}
