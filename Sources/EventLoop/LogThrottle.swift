public import Logging

/// Limits log lines that a peer or a fault can repeat without end. It logs the first line of a kind at once. While more
/// follow, it logs one a second: the latest, with the number of lines that it left out in `left_out`.
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

  /// The lines of a kind since one was logged.
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
  /// How many kinds it distinguishes. All further ones share a single kind: `kind` may come from a peer.
  private static let maximumKinds = 64

  private unowned let loop: EventLoop
  /// The kinds that were logged in this interval.
  private var recent: [Kind: Backlog] = [:]
  private var timer: LoopTimer?

  init(on loop: EventLoop) { self.loop = loop }

  /// Logs the line now, or keeps it for the end of the interval: then a later line of the same kind replaces it.
  /// - Parameters:
  ///   - message: what happened. Lines with different messages are always of different kinds.
  ///   - kind: distinguishes lines with the same message that must not hide each other: a method, a statement.
  ///   - logger: where the line goes. A line below its level is dropped and not counted.
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

  /// Logs all lines that were kept, and forgets all kinds: the loop ends.
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
