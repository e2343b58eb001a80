/// Some events of the feed.
public struct UserEventPage: Sendable, Hashable {
  /// In the order of their positions.
  public var events: [UserEvent]
  /// The position up to which these are all events; the one that was asked for if there is none after it. An event of a
  /// kind that this version does not know is left out, but counts.
  public var end: FeedPosition

  /// A page that reaches from the position that was asked for to `end`.
  public init(events: [UserEvent], end: FeedPosition) {
    self.events = events
    self.end = end
  }
}
