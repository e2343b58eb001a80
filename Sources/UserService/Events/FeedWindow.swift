/// The newest events of the feed, as many as fit: what the watchers of a process share. Pure.
struct FeedWindow<Item: FeedItem> {
  /// What a watcher finds behind its position.
  enum Found {
    /// The next events, and the position behind them.
    case items(ArraySlice<Item>, end: FeedPosition)
    /// Nothing yet.
    case nothing
    /// The window has moved on, or has not come so far, if it ever will: the store knows.
    case outside
    /// The position is of another history than the window's.
    case gone
  }

  private let capacity: Int
  /// The position before the first item; nil while the window stands nowhere.
  private var base: FeedPosition?
  private var items: [Item] = []
  /// How many items at the front of `items` have left.
  private var dropped = 0

  /// - Parameter capacity: how many events it holds at most; at least one.
  init(capacity: Int) { self.capacity = max(1, capacity) }

  /// The position of its last event; nil while it stands nowhere.
  private(set) var end: FeedPosition?

  /// Forgets all events, and goes on behind a position; nil: nowhere.
  mutating func reset(to position: FeedPosition?) {
    (base, end) = (position, position)
    (items, dropped) = ([], 0)
  }

  /// Appends the events that follow `end`. `position` is where they end, which need not be the last one's position.
  mutating func append(_ new: [Item], end position: FeedPosition) {
    items += new
    end = position
    let excess = items.count - dropped - capacity
    guard excess > 0 else { return }
    base = items[dropped + excess - 1].position
    dropped += excess
    // Seldom, so that it costs little for each event.
    guard dropped > capacity else { return }
    items.removeFirst(dropped)
    dropped = 0
  }

  /// The events behind a position, at most `limit`.
  func next(after position: FeedPosition, limit: Int) -> Found {
    guard let base, let end else { return .nothing }
    if position.number == end.number { return position == end ? .nothing : .gone }
    if position.number < base.number || position.number > end.number { return .outside }
    let first = firstIndex(after: position.number)
    // Positions of events that were left out can't be checked here.
    let known = first == dropped ? base : items[first - 1].position
    guard known.number == position.number else { return .outside }
    guard known == position else { return .gone }
    let last = min(items.count, first + limit)
    return .items(items[first..<last], end: last == items.count ? end : items[last - 1].position)
  }

  private func firstIndex(after number: Int64) -> Int {
    var (low, high) = (dropped, items.count)
    while low < high {
      let middle = (low + high) / 2
      if items[middle].position.number > number { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// What a `FeedWindow` holds.
protocol FeedItem {
  /// Its position in the feed.
  var position: FeedPosition { get }
}
