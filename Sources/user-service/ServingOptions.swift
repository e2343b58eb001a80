import ArgumentParser
import RPCServer

/// The flags that limit what clients may use of a server. docs/limits.md explains each.
struct ServingOptions: ParsableArguments {
  @Option(name: .long, help: help("How many connections may be open.", "MAX_CONNECTIONS", "20000"))
  var maxConnections: Int?

  @Option(name: .long, help: help("How many calls may run at once.", "MAX_CALLS", "16384"))
  var maxCalls: Int?

  @Flag(
    name: .long,
    help: "Lower the limit of running calls when their latency grows. [env: USER_SERVICE_ADAPTIVE_LIMIT=true]")
  var adaptiveLimit = false

  @Option(
    name: .long,
    help: help("How many MiB buffered messages may take in all.", "MAX_BUFFERED", "1024", "MiB"))
  var maxBuffered: Int?

  @Option(
    name: .long,
    help: help("The maximum age of a connection, ±10 %.", "MAX_CONNECTION_AGE", "unlimited", "seconds"))
  var maxConnectionAge: Int?

  @Option(
    name: .long,
    help: help("How long a connection may have no calls.", "MAX_CONNECTION_IDLE", "unlimited", "seconds"))
  var maxConnectionIdle: Int?

  @Option(
    name: .long,
    help: help("How long a client may be silent before it is pinged.", "KEEPALIVE_INTERVAL", "7200", "seconds"))
  var keepaliveInterval: Int?

  @Option(
    name: .long,
    help: help(
      "The shortest interval of a client's pings, also without calls.", "MIN_PING_INTERVAL",
      "300, and none without calls", "seconds"))
  var minPingInterval: Int?

  func apply(to configuration: inout ServerConfiguration) throws {
    try set(&configuration.maximumConnections, maxConnections, "MAX_CONNECTIONS", 1...1_000_000)
    try set(&configuration.maximumRunningCalls, maxCalls, "MAX_CALLS", 1...1_000_000)
    if let size = try Limits.value(maxBuffered, "MAX_BUFFERED", 1...1_048_576) {
      configuration.maximumBufferedBytesInAll = size << 20
      configuration.maximumBufferedBytes = min(configuration.maximumBufferedBytes, size << 20)
    }
    if try adaptiveLimit || Environment.value("USER_SERVICE_ADAPTIVE_LIMIT", "true or false", Bool.init) ?? false {
      configuration.adaptiveLimit = AdaptiveLimit()
    }
    try set(&configuration.times.age, maxConnectionAge, "MAX_CONNECTION_AGE")
    try set(&configuration.times.idle, maxConnectionIdle, "MAX_CONNECTION_IDLE")
    try set(&configuration.times.keepAliveInterval, keepaliveInterval, "KEEPALIVE_INTERVAL")
    if let seconds = try Limits.value(minPingInterval, "MIN_PING_INTERVAL", 0...86_400) {
      configuration.times.minimumPingInterval = .seconds(seconds)
      configuration.times.allowsPingsWithoutCalls = true
    }
  }

  private func set(_ setting: inout Int, _ flag: Int?, _ name: String, _ range: ClosedRange<Int>) throws {
    if let value = try Limits.value(flag, name, range) { setting = value }
  }

  private func set(_ setting: inout Duration?, _ flag: Int?, _ name: String) throws {
    if let seconds = try Limits.value(flag, name, 1...31_536_000) { setting = .seconds(seconds) }
  }

  private static func help(
    _ meaning: String, _ variable: String, _ defaultValue: String, _ unit: String = "count"
  ) -> ArgumentHelp {
    ArgumentHelp("\(meaning) [env: USER_SERVICE_\(variable)] (default: \(defaultValue))", valueName: unit)
  }
}
