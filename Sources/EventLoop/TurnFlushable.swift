/// Collects output during a turn, and writes it once at the turn's end.
public protocol TurnFlushable: AnyObject {
  /// Owned by the loop: true from `flushAtEndOfTurn` until `flushTurn` is called.
  var isFlushScheduled: Bool { get set }
  /// Called on the loop's thread, in phase 5 of its turn.
  func flushTurn()
}
