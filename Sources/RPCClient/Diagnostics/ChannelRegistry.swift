internal import EventLoop
internal import RPCCore
internal import Synchronization

/// The channels of this process that are not closed, for diagnostics. Any thread.
package enum ChannelRegistry {
  /// One of them.
  package struct Entry: Sendable {
    /// Unique among all that diagnostics name.
    package let id: Int64
    /// Its authority: the host and port of its target, or what the configuration says in its place.
    package let name: String
    private let core: ChannelCore

    init(_ core: ChannelCore) {
      id = core.id
      name = core.authority
      self.core = core
    }

    /// What it has on each loop that has called so far. A loop that does not answer in time is left out: it may have
    /// stopped. Call it on a loop.
    package func reports() async -> [ChannelReport] {
      var reports: [ChannelReport] = []
      for channel in core.loopChannels().sorted(by: { $0.loop.name < $1.loop.name }) {
        if let report = await ChannelRegistry.ask(channel) { reports.append(report) }
      }
      return reports
    }
  }

  private struct Weak { weak var core: ChannelCore? }

  /// How long a loop has to answer.
  private static let patience = Duration.seconds(1)
  private static let entries = Mutex<[Int64: Weak]>([:])

  static func add(_ core: ChannelCore) { entries.withLock { $0[core.id] = Weak(core: core) } }

  static func remove(_ id: Int64) { _ = entries.withLock { $0.removeValue(forKey: id) } }

  /// In the order in which they were made.
  package static var channels: [Entry] {
    entries.withLock { $0.sorted { $0.key < $1.key }.compactMap { $0.value.core.map(Entry.init) } }
  }

  /// Asks the loop of a channel, but does not wait for ever.
  private static func ask(_ channel: LoopChannel) async -> ChannelReport? {
    if channel.loop.isCurrent { return channel.report }
    guard let own = EventLoop.current else { return nil }
    let answer = Answer()
    return await withUnsafeContinuation { continuation in
      answer.expect(continuation)
      let timer = LoopTimer(on: own) { answer.give(nil) }
      timer.schedule(after: patience)
      answer.hold(timer)
      channel.loop.execute {
        let report = channel.report
        own.execute { answer.give(report) }
      }
    }
  }

  /// The first of two answers.
  // @unchecked Sendable: only the asking loop's thread touches it.
  private final class Answer: @unchecked Sendable {
    private var continuation: UnsafeContinuation<ChannelReport?, Never>?
    private var timer: LoopTimer?

    func expect(_ continuation: UnsafeContinuation<ChannelReport?, Never>) { self.continuation = continuation }

    func hold(_ timer: LoopTimer) { self.timer = timer }

    func give(_ report: ChannelReport?) {
      timer?.cancel()
      timer = nil
      continuation.take()?.resume(returning: report)
    }
  }
}
