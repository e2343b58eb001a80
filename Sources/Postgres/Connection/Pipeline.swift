import Primitives

/// The requests in flight on one connection, in the order in which the server will answer them.
///
/// A pure state machine: it knows no libpq and does no I/O. Its driver, `Connection`, tells it what was sent and what
/// was received, and executes the one action that it returns. Its rules:
/// - a read that was aborted only because another statement before the same Sync failed is sent again, once, with a
///   Sync of its own;
/// - a request with a Sync of its own counts as done only when that Sync is answered, because that is where its
///   implicit transaction commits;
/// - a request leaves the machine only inside a returned action, so that no state change loses one.
///
/// https://www.postgresql.org/docs/15/libpq-pipeline-mode.html
struct Pipeline<Request> {
  /// A result of libpq's PQgetResult, reduced to what matters here.
  enum Reply {
    /// PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY
    case rows
    /// PGRES_FATAL_ERROR
    case failure
    /// PGRES_PIPELINE_ABORTED
    case aborted
    /// PGRES_PIPELINE_SYNC
    case sync
    /// NULL, which PQgetResult returns after the results of each statement.
    case end
  }

  enum Action {
    case none
    /// The reply's rows are the request's answer.
    case succeed(Request)
    /// The reply's rows are the answer, but only once the Sync confirms the commit: keep them with the request.
    case hold(Request)
    /// The rows kept with the request are its answer.
    case succeedHeld(Request)
    /// The reply's error is the request's answer.
    case fail(Request)
    /// The request's statement is now prepared on this connection.
    case prepared(Request)
    /// The reply is the error of preparing the request's statement: keep it with the request, whose own reply comes
    /// next.
    case preparationFailed(Request)
    /// The error kept with the request is its answer.
    case failPreparation(Request)
    /// Only another statement before the same Sync failed: send the request again with a Sync of its own. Its
    /// statement, if it was to be prepared, is not.
    case sendAgain(Request)
    /// The reply matches nothing in flight: the connection can't be trusted any more.
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
  /// The first step's result has arrived, but its `end` has not.
  private var firstHasResult = false
  /// The preparation before the next query failed.
  private var hasFailedPreparation = false
  /// The request that has its rows and waits for its Sync.
  private var held: Request?
  /// Queries without a final answer, including one that is held for its Sync.
  private(set) var outstanding = 0

  /// Nothing is expected from the server.
  var isIdle: Bool { steps.isEmpty }

  /// Records a statement that must succeed before the request's own: a preparation, or one that sets limits. Its rows
  /// are ignored.
  mutating func didSendPrerequisite(for request: Request) {
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
      guard firstHasResult else { return .outOfStep }
      firstHasResult = false
      // A Sync's own result has no `end`. An error before it (the commit failed) has one, and the Sync is still to
      // come.
      if case .sync = step { return .none }
      _ = steps.popFirst()
      return .none
    }
    guard !firstHasResult else { return .outOfStep }
    switch step {
    case .prepare(let request): return receivePreparation(reply, request)
    case .query(let request, let isHeldForSync): return receiveQuery(reply, request, isHeldForSync)
    case .sync: return receiveSync(reply)
    }
  }

  private mutating func receivePreparation(_ reply: Reply, _ request: Request) -> Action {
    switch reply {
    case .rows:
      firstHasResult = true
      return .prepared(request)
    case .failure:
      firstHasResult = true
      hasFailedPreparation = true
      return .preparationFailed(request)
    case .aborted:
      firstHasResult = true
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
      firstHasResult = true
      if isHeldForSync {
        held = request
        return .hold(request)
      }
      outstanding -= 1
      return .succeed(request)
    case .failure:
      firstHasResult = true
      outstanding -= 1
      return .fail(request)
    case .aborted:
      firstHasResult = true
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
      // The commit failed: a deferred constraint, a serialization failure.
      firstHasResult = true
      guard let request = held else { return .none }
      held = nil
      outstanding -= 1
      return .fail(request)
    case .rows, .aborted, .end:
      return .outOfStep
    }
  }

  /// Removes every request without an answer because the connection is gone.
  /// - Returns: the requests, in the order in which they were sent.
  mutating func abandon() -> [Request] {
    var requests: [Request] = []
    if let held { requests.append(held) }
    var isFirst = true
    for step in steps.removeAll() {
      defer { isFirst = false }
      guard case .query(let request, _) = step else { continue }
      // The answered first step was returned in an action already, or is the held one.
      if isFirst && firstHasResult { continue }
      requests.append(request)
    }
    held = nil
    firstHasResult = false
    hasFailedPreparation = false
    outstanding = 0
    isSynced = true
    return requests
  }

  /// Calls `body` with each request that waits for an answer.
  func forEachRequest(_ body: (Request) -> Void) {
    if let held { body(held) }
    steps.forEach { step in
      if case .query(let request, _) = step { body(request) }
    }
  }
}
