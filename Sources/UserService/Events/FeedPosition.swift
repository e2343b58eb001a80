/// A place in the feed of a store: just behind an event, or at the feed's beginning.
///
/// A store that was set back, by a restore or by a failover that lost commits, gives the same numbers to other events.
/// So a position has a stamp too: a random number that the store draws for each batch that it appends. A position is
/// known to a store if its event is there with this stamp; then everything before it is the same as well, because a
/// batch is appended in a transaction that follows all earlier ones.
public struct FeedPosition: Sendable, Hashable {
  /// Counts the events of the feed, without gaps.
  public let number: Int64
  /// The stamp of the event's batch.
  public let stamp: Int64

  /// The position of an event.
  public init(number: Int64, stamp: Int64) {
    self.number = number
    self.stamp = stamp
  }
}
