import ArgumentParser

/// The flags of the events that WatchUsers streams.
struct EventOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "How long changes are kept for watchers that resume: 7d, 12h. [env: USER_SERVICE_EVENT_RETENTION] (default: 7d)",
      valueName: "time"))
  var eventRetention: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How often it looks for changes that nobody told it of: 1s, 1m. [env: USER_SERVICE_EVENT_POLL] (default: 1s)",
      valueName: "time"))
  var eventPoll: String?

  @Flag(
    name: .long,
    help: ArgumentHelp(
      "Don't use LISTEN and NOTIFY: other processes' changes are found when it looks."
        + " [env: USER_SERVICE_NO_LISTEN=true]"))
  var noListen = false

  func apply(to settings: inout Service.Settings) throws {
    let retention = Limits.Times(
      flag: "event-retention", variable: "USER_SERVICE_EVENT_RETENTION", 60...36_525 * 86_400)
    if let time = try retention.value(eventRetention) { settings.events.retention = .seconds(time) }
    let poll = Limits.Times(flag: "event-poll", variable: "USER_SERVICE_EVENT_POLL", 1...3600)
    settings.events.listens = try
      !(noListen || Environment.value("USER_SERVICE_NO_LISTEN", "true or false", Bool.init) ?? false)
    if let time = try poll.value(eventPoll) { settings.events.poll = .seconds(time) }
  }
}
