public import Logging

/// Logs what a peer or a fault can repeat without end: the first line of a kind at once, and while more of it come at
/// most one a second, which is the last of them and says in `left_out` how many others were not logged. None is lost
/// unmentioned.
///
/// ```swift
/// loop.logThrottle.log(.warning, "A statement was slow.", kind: statement.name, metadata: […], to: logger)
/// ```
///
/// Each loop has one (`EventLoop.logThrottle`), and only its thread may use it.
public final class LogThrottle {
  private struct Kind: Hashable {
    let message: String
    let subject: String
  }

  /// What came since a line of the kind was logged.
  private struct Backlog {
    var count = 0
    var last: Line?
  }

  private struct Line {
    let level: Logger.Level
    let message: String
    var metadata: Logger.Metadata
    let logger: Logger
    let place: (file: String, function: String, line: UInt)

    func write() {
      logger.log(
        level: level, "\(message)", metadata: metadata, file: place.file, function: place.function, line: place.line)
    }
  }

  static let interval = Duration.seconds(1)
  /// Kinds that are told apart. What there is beyond them counts as one: `kind` may come from a peer.
  private static let maximumKinds = 64

  private unowned let loop: EventLoop
  /// Kinds of which a line was logged in this interval.
  private var recent: [Kind: Backlog] = [:]
  private var timer: LoopTimer?

  init(on loop: EventLoop) { self.loop = loop }

  /// Logs the line, now or as one of those that the next line of its kind counts.
  /// - Parameters:
  ///   - message: what happened. Lines of different messages never stand for each other.
  ///   - kind: tells apart lines with the same message, where one must not hide the other: a method, a statement.
  ///   - logger: whose level decides whether there is anything to log.
  public func log(
    _ level: Logger.Level, _ message: StaticString, kind subject: String = "",
    metadata: @autoclosure () -> Logger.Metadata = [:], to logger: Logger, file: String = #fileID,
    function: String = #function, line: UInt = #line
  ) {
    loop.assertCurrent()
    guard level >= logger.logLevel else { return }
    let new = Line(
      level: level, message: "\(message)", metadata: metadata(), logger: logger, place: (file, function, line))
    var kind = Kind(message: new.message, subject: subject)
    if recent[kind] == nil, recent.count >= Self.maximumKinds { kind = Kind(message: "", subject: "") }
    if let backlog = recent[kind] {
      recent[kind] = Backlog(count: backlog.count + 1, last: new)
    } else {
      recent[kind] = Backlog()
      new.write()
      startTimer()
    }
  }

  /// Logs what was held back, and forgets all kinds: the loop ends.
  func finish() {
    timer = nil
    writeBacklogs()
    recent = [:]
  }

  private func startTimer() {
    guard timer == nil else { return }
    let timer = LoopTimer(on: loop) { [unowned self] in intervalEnded() }
    timer.schedule(after: Self.interval)
    self.timer = timer
  }

  private func intervalEnded() {
    writeBacklogs()
    recent = recent.filter { $0.value.count > 0 }.mapValues { _ in Backlog() }
    timer = nil
    if !recent.isEmpty { startTimer() }
  }

  private func writeBacklogs() {
    for backlog in recent.values {
      guard var line = backlog.last else { continue }
      if backlog.count > 1 { line.metadata["left_out"] = "\(backlog.count - 1)" }
      line.write()
    }
  }
}
