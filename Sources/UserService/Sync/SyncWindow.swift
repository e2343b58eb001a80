/// The requests of a SyncUsers stream that are under way: how many, of whom, and whose responses may be sent. Pure.
///
/// Requests run at the same time, so that they share commits, except those of one user, which would overtake each
/// other. Responses are sent in the order of the requests.
struct SyncWindow<Request, Response> {
  /// The most requests under way, those that wait for their turn to be answered among them.
  static var limit: Int { 64 }

  /// What to do next.
  enum Step {
    /// Start this request.
    case start(index: Int64, Request)
    /// Read the next request.
    case read
    /// Wait for what is under way.
    case wait
    /// All is answered.
    case end
  }

  private var nextIndex: Int64 = 0
  /// The index of the next response.
  private var nextResponse: Int64 = 0
  private var running: [Int64: Set<String>] = [:]
  private var ready: [Int64: Response] = [:]
  /// The request that was read and waits for another one of the same user.
  private var held: (keys: Set<String>, request: Request)?
  private var isReading = false
  private var hasEnded = false

  /// The next step. Call it again after each that is not `wait` or `end`.
  mutating func next() -> Step {
    if let (keys, request) = held {
      guard running.values.allSatisfy({ $0.isDisjoint(with: keys) }) else { return .wait }
      held = nil
      let index = nextIndex
      nextIndex += 1
      running[index] = keys
      return .start(index: index, request)
    }
    if hasEnded { return running.isEmpty ? .end : .wait }
    if isReading || running.count + ready.count >= Self.limit { return .wait }
    isReading = true
    return .read
  }

  /// A request was read; nil: there are no more.
  /// - Parameter keys: what it has in common with other requests of the same user.
  mutating func received(_ request: Request?, keys: Set<String>) {
    isReading = false
    if let request { held = (keys, request) } else { hasEnded = true }
  }

  /// A request is done.
  /// - Returns: the responses to send now, in their order.
  mutating func finished(_ index: Int64, _ response: Response) -> [Response] {
    running[index] = nil
    ready[index] = response
    var responses: [Response] = []
    while let response = ready.removeValue(forKey: nextResponse) {
      responses.append(response)
      nextResponse += 1
    }
    return responses
  }
}
