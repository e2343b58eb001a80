/// Counts the calls that run on a loop and decides whether one more may run. Pure: the caller passes times.
///
/// Each loop gets an equal part of the server's limits, because a shared counter would cost each call a cache line's
/// way between processors. The listener spreads connections evenly as well.
struct Admission {
  enum Refusal: Equatable {
    /// The server's limit is reached.
    case server
    /// The limit of this class is reached.
    case callClass(String)
  }

  private struct Load {
    let limit: Int
    var running = 0
    var adaptive: GradientLimit?

    init(_ callClass: CallClass, loops: Int) {
      limit = Admission.share(of: callClass.maximumRunning, loops: loops)
      adaptive = callClass.adaptiveLimit.map { GradientLimit($0, loops: loops) }
    }

    @inline(__always)
    var hasRoom: Bool { running < limit && (adaptive == nil || adaptive?.hasRoom(running) == true) }
  }

  private let limit: Int
  /// The running calls, without those of the essential class, which has only a limit of its own.
  private var counted = 0
  private var loads: [Load]
  private let names: [String]

  init(_ classes: CallClasses, limit: Int, loops: Int) {
    self.limit = Self.share(of: limit, loops: loops)
    loads = classes.all.map { Load($0, loops: loops) }
    names = classes.all.map(\.name)
  }

  /// A loop's part of a limit: rounded up, and at least one.
  static func share(of limit: Int, loops: Int) -> Int {
    max(1, limit / max(1, loops) + (limit % max(1, loops) > 0 ? 1 : 0))
  }

  /// The running calls of all classes.
  var running: Int { loads.reduce(0) { $0 + $1.running } }

  /// Admits a call.
  /// - Parameter index: the index of its class.
  /// - Returns: nil if it may run; otherwise it is not counted.
  mutating func begin(_ index: Int) -> Refusal? {
    let isCounted = index != CallClasses.essential
    if isCounted, counted >= limit { return .server }
    guard loads[index].hasRoom else { return index == CallClasses.default ? .server : .callClass(names[index]) }
    loads[index].running += 1
    if isCounted { counted += 1 }
    return nil
  }

  /// Ends a call that `begin` has admitted.
  /// - Parameters:
  ///   - startedAt: when it began; nil if its duration does not measure the load, as for streams.
  ///   - now: evaluated only if it is needed.
  mutating func end(_ index: Int, startedAt: UInt64?, now: @autoclosure () -> UInt64) {
    let running = loads[index].running
    loads[index].running -= 1
    if index != CallClasses.essential { counted -= 1 }
    if let startedAt, loads[index].adaptive != nil {
      let now = now()
      loads[index].adaptive?.ended(after: now > startedAt ? now - startedAt : 0, running: running, now: now)
    }
  }
}
