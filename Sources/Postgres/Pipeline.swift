/// What one connection has under way, in the order in which the server will answer. It knows no libpq and does no I/O:
/// its driver tells it what was sent and what came, and executes the one action that comes back.
///
/// Rules it keeps (DESIGN.md section 7):
/// - a read that was aborted only because a neighbour of its Sync failed is to be sent again, once, by itself;
/// - what must be committed counts only when its Sync is answered: that is where an implicit transaction commits;
/// - a request leaves the machine only inside a returned action, so that none is lost in a change of state.
///
/// https://www.postgresql.org/docs/15/libpq-pipeline-mode.html
struct Pipeline<Request> {
  /// What libpq's PQgetResult gave, reduced to what matters here.
  enum Reply {
    /// PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY
    case rows
    /// PGRES_FATAL_ERROR
    case failure
    /// PGRES_PIPELINE_ABORTED
    case aborted
    /// PGRES_PIPELINE_SYNC
    case sync
    /// The NULL after the results of each command.
    case end
  }

  enum Action {
    case none
    /// The reply's rows are the request's answer.
    case succeed(Request)
    /// The reply's rows are the answer once the Sync says that they are committed: keep them with the request.
    case hold(Request)
    /// The rows that were kept are the answer.
    case succeedHeld(Request)
    /// The reply's error is the request's answer.
    case fail(Request)
    /// The statement is prepared on this connection now.
    case prepared(Request)
    /// The reply is the error that preparing for the request met: keep it with the request, whose own reply comes next.
    case preparationFailed(Request)
    /// The error that was kept is the answer.
    case failPreparation(Request)
    /// Only a neighbour failed: send it again by itself. Its preparation, if any, did not happen.
    case sendAgain(Request)
    /// The reply does not belong to what is under way: the connection cannot be trusted any more.
    case outOfStep
  }

  private enum Step {
    case prepare(Request)
    case query(Request, isHeldForSync: Bool)
    case sync
  }

  private var steps = Ring<Step>(capacity: 64)
  /// Nothing was sent since the last Sync.
  private(set) var isSynced = true
  /// The first step's result has come; its `end` has not.
  private var isAnswered = false
  /// The request just before failed to prepare.
  private var hasFailedPreparation = false
  /// Answered, and waiting for its Sync.
  private var held: Request?
  /// Queries whose answer is out, those held for their Sync included.
  private(set) var outstanding = 0

  /// Nothing is expected from the server.
  var isIdle: Bool { steps.isEmpty }

  /// A step before the request's own, whose rows are of no interest: without it the request can't be executed.
  mutating func didSendPrepare(for request: Request) {
    steps.append(.prepare(request))
    isSynced = false
  }

  mutating func didSendQuery(_ request: Request, isHeldForSync: Bool) {
    steps.append(.query(request, isHeldForSync: isHeldForSync))
    outstanding += 1
    isSynced = false
  }

  mutating func didSendSync() {
    steps.append(.sync)
    isSynced = true
  }

  mutating func receive(_ reply: Reply) -> Action {
    guard let step = steps.first else { return .outOfStep }
    if case .end = reply {
      guard isAnswered else { return .outOfStep }
      isAnswered = false
      // A Sync has no `end` of its own; the error that may come before its answer (a failed commit) has.
      if case .sync = step { return .none }
      _ = steps.popFirst()
      return .none
    }
    guard !isAnswered else { return .outOfStep }
    switch step {
    case .prepare(let request): return receivePreparation(reply, request)
    case .query(let request, let isHeldForSync): return receiveQuery(reply, request, isHeldForSync)
    case .sync: return receiveSync(reply)
    }
  }

  private mutating func receivePreparation(_ reply: Reply, _ request: Request) -> Action {
    switch reply {
    case .rows:
      isAnswered = true
      return .prepared(request)
    case .failure:
      isAnswered = true
      hasFailedPreparation = true
      return .preparationFailed(request)
    case .aborted:
      isAnswered = true
      return .none
    case .sync, .end:
      return .outOfStep
    }
  }

  private mutating func receiveQuery(_ reply: Reply, _ request: Request, _ isHeldForSync: Bool) -> Action {
    let failedToPrepare = hasFailedPreparation
    hasFailedPreparation = false
    switch reply {
    case .rows:
      isAnswered = true
      if isHeldForSync {
        held = request
        return .hold(request)
      }
      outstanding -= 1
      return .succeed(request)
    case .failure:
      isAnswered = true
      outstanding -= 1
      return .fail(request)
    case .aborted:
      isAnswered = true
      outstanding -= 1
      return failedToPrepare ? .failPreparation(request) : .sendAgain(request)
    case .sync, .end:
      return .outOfStep
    }
  }

  private mutating func receiveSync(_ reply: Reply) -> Action {
    switch reply {
    case .sync:
      _ = steps.popFirst()
      guard let request = held else { return .none }
      held = nil
      outstanding -= 1
      return .succeedHeld(request)
    case .failure:
      // Committing failed: a deferred constraint, a serialization failure.
      isAnswered = true
      guard let request = held else { return .none }
      held = nil
      outstanding -= 1
      return .fail(request)
    case .rows, .aborted, .end:
      return .outOfStep
    }
  }

  /// The connection is gone: takes out every request that has no answer, in the order they were sent.
  mutating func abandon() -> [Request] {
    var requests: [Request] = []
    if let held { requests.append(held) }
    var isFirst = true
    for step in steps.removeAll() {
      defer { isFirst = false }
      guard case .query(let request, _) = step else { continue }
      // An answered first step was handed out already, or is the held one.
      if isFirst && isAnswered { continue }
      requests.append(request)
    }
    held = nil
    isAnswered = false
    hasFailedPreparation = false
    outstanding = 0
    isSynced = true
    return requests
  }

  /// Requests that wait for an answer.
  func forEachRequest(_ body: (Request) -> Void) {
    if let held { body(held) }
    steps.forEach { step in
      if case .query(let request, _) = step { body(request) }
    }
  }
}
