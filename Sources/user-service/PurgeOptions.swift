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
    let restorable = Limits.Times(flag: "retention", variable: "USER_SERVICE_RETENTION", 0...36_525 * 86_400)
    if let time = try restorable.value(retention) { settings.retention = .seconds(time) }
    let interval = Limits.Times(flag: "purge-interval", variable: "USER_SERVICE_PURGE_INTERVAL", 0...86_400)
    if let time = try interval.value(purgeInterval) { settings.purgeInterval = .seconds(time) }
    settings.purgeBatch = try batch.batchSize()
  }
}

extension Limits {
  /// A flag that is a time, and the variable that stands for it.
  struct Times {
    let flag: String
    let variable: String
    let range: ClosedRange<Int>

    init(flag: String, variable: String, _ range: ClosedRange<Int>) {
      (self.flag, self.variable, self.range) = (flag, variable, range)
    }

    /// The time in seconds; nil if neither is given.
    /// - Throws: `ValidationError`.
    func value(_ text: String?) throws -> Int? {
      let parse: (String) -> Int? = { text in Limits.time(text).flatMap { range.contains($0) ? $0 : nil } }
      let least = range.lowerBound > 0 ? "from \(range.lowerBound)s " : ""
      let days = range.upperBound / 86_400
      let expected =
        "a time such as 30d, 12h, 90m or 45s, \(least)up to \(days > 0 ? "\(days) day(s)" : "\(range.upperBound)s")"
      guard let text else { return try Environment.value(variable, expected, parse) }
      guard let time = parse(text) else { throw ValidationError("--\(flag) must be \(expected).") }
      return time
    }
  }

  /// A duration in seconds: a number followed by `s`, `m`, `h`, `d` or nothing.
  static func time(_ text: String) -> Int? {
    let units = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    let unit = text.last.flatMap { units[String($0)] }
    guard let number = Int(unit == nil ? text : String(text.dropLast())), number >= 0 else { return nil }
    let (seconds, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    return overflow ? nil : seconds
  }
}
