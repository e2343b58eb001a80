/// Counts the calls that run on a loop and decides whether one more may. Pure: belongs to whoever holds it, and times
/// are handed in.
///
/// A limit of the server is shared out evenly among its loops, since counting together would cost every call a
/// hand-over between processors; connections are shared out evenly as well.
struct Admission {
  enum Refusal: Equatable {
    /// The server runs as many calls as it may.
    case server
    /// The calls of this class do.
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
  /// Calls that run, those of the essential class excepted: they have their own limit only.
  private var counted = 0
  private var loads: [Load]
  private let names: [String]

  init(_ classes: CallClasses, limit: Int, loops: Int) {
    self.limit = Self.share(of: limit, loops: loops)
    loads = classes.all.map { Load($0, loops: loops) }
    names = classes.all.map(\.name)
  }

  /// Rounded up, and one at least.
  static func share(of limit: Int, loops: Int) -> Int {
    max(1, limit / max(1, loops) + (limit % max(1, loops) > 0 ? 1 : 0))
  }

  /// Calls that run, of all classes.
  var running: Int { loads.reduce(0) { $0 + $1.running } }

  /// Counts a call in; nil if it may run.
  /// - Parameter index: of a class of this server.
  mutating func begin(_ index: Int) -> Refusal? {
    let isCounted = index != CallClasses.essential
    if isCounted, counted >= limit { return .server }
    guard loads[index].hasRoom else { return index == CallClasses.usual ? .server : .callClass(names[index]) }
    loads[index].running += 1
    if isCounted { counted += 1 }
    return nil
  }

  /// Counts a call out that `begin` let in.
  /// - Parameters:
  ///   - startedAt: when it began; nil if its duration says nothing about the load, as with streams.
  ///   - now: only asked for where it is used.
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
