/// The requests submitted to a connection in one turn of the loop, in the order in which they are sent.
///
/// Reads come first and share one Sync; each write, and each read that is sent again by itself, has a Sync of its own.
/// The requests of a turn are concurrent, so no caller can tell that a read overtook a write.
struct TurnBatch<Request> {
  private(set) var reads: [Request] = []
  private(set) var singles: [Request] = []

  var count: Int { reads.count + singles.count }
  var isEmpty: Bool { reads.isEmpty && singles.isEmpty }

  mutating func add(_ request: Request, sharesSync: Bool) {
    if sharesSync { reads.append(request) } else { singles.append(request) }
  }

  /// Replaces the reads.
  mutating func replaceReads(_ replacement: ([Request]) -> [Request]) { reads = replacement(reads) }

  mutating func removeAll() {
    reads.removeAll(keepingCapacity: true)
    singles.removeAll(keepingCapacity: true)
  }

  /// Puts back, in order, what could not be sent.
  mutating func add(reads: ArraySlice<Request>, singles: ArraySlice<Request>) {
    self.reads.append(contentsOf: reads)
    self.singles.append(contentsOf: singles)
  }
}
