import EventLoop
import Logging
import Synchronization
import Testing

@Suite struct LogThrottleTests {
  private let log = LineLog()

  /// Runs `body` in one turn of a loop, which ends afterwards.
  private func inOneTurn(_ body: @escaping @Sendable (LogThrottle, Logger) -> Void) throws {
    let group = try EventLoopGroup(count: 1, name: "test")
    let loop = group.loops[0]
    let logger = log.logger
    loop.execute { body(loop.logThrottle, logger) }
    group.shutdown()
  }

  @Test func theFirstIsLoggedAndTheLastCountsTheOthers() throws {
    try inOneTurn { throttle, logger in
      for number in 1...1000 { throttle.log(.warning, "Slow.", metadata: ["number": "\(number)"], to: logger) }
    }
    #expect(log.lines == ["warning Slow. number=1", "warning Slow. left_out=998 number=1000"])
  }

  @Test func aSecondLineIsLoggedWithoutACount() throws {
    try inOneTurn { throttle, logger in
      for number in 1...2 { throttle.log(.error, "Failed.", metadata: ["number": "\(number)"], to: logger) }
    }
    #expect(log.lines == ["error Failed. number=1", "error Failed. number=2"])
  }

  /// A line that is lost would be worse than many: what was held back is logged although nothing more of its kind
  /// comes.
  @Test func whatIsHeldBackIsLoggedWhenTheIntervalEnds() async throws {
    let group = try EventLoopGroup(count: 1, name: "test")
    defer { group.shutdown() }
    let loop = group.loops[0]
    let logger = log.logger
    loop.execute { for _ in 0..<20 { loop.logThrottle.log(.warning, "Slow.", to: logger) } }
    while log.lines.count < 2 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(log.lines == ["warning Slow.", "warning Slow. left_out=18"])
  }

  @Test func kindsAndTextsDoNotStandForEachOther() throws {
    try inOneTurn { throttle, logger in
      for _ in 0..<3 {
        for kind in ["a", "b"] {
          throttle.log(.warning, "Slow.", kind: kind, metadata: ["kind": "\(kind)"], to: logger)
        }
        throttle.log(.warning, "Lost.", to: logger)
      }
    }
    #expect(log.lines.prefix(3) == ["warning Slow. kind=a", "warning Slow. kind=b", "warning Lost."])
    #expect(
      log.lines.dropFirst(3).sorted() == [
        "warning Lost. left_out=1", "warning Slow. kind=a left_out=1", "warning Slow. kind=b left_out=1",
      ])
  }

  /// A peer that makes kinds up neither fills the log nor the memory.
  @Test func kindsAreBounded() throws {
    try inOneTurn { throttle, logger in
      for number in 1...10_000 { throttle.log(.warning, "Unknown.", kind: "\(number)", to: logger) }
    }
    #expect(log.lines.count == 66)
    #expect(log.lines.last == "warning Unknown. left_out=9934")
  }

  @Test func whatIsBelowTheLevelIsNotMade() throws {
    try inOneTurn { throttle, logger in
      func unwanted() -> Logger.Metadata {
        Issue.record("made for nobody")
        return [:]
      }
      throttle.log(.debug, "Detail.", metadata: unwanted(), to: logger)
    }
    #expect(log.lines == [])
  }
}

/// Keeps what is logged at info and above: level, text, and the metadata in the order of its keys.
final class LineLog: Sendable {
  private struct Handler: LogHandler {
    let log: LineLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
      log.state.withLock { $0.append("\(event.level) \(event.message)" + pairs.joined()) }
    }
  }

  private let state = Mutex<[String]>([])

  var lines: [String] { state.withLock { $0 } }
  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }
}
