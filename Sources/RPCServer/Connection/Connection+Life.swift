internal import EventLoop
internal import HTTP
import Logging
import RPCCore
internal import Transport

/// What time does to a connection: one coarse timer shows it to `ConnectionLife`, and does what that says.
extension Connection {
  /// How long a client may go on with a request that is answered, in nanoseconds.
  private static let earlyAnswerTime: UInt64 = 1_000_000_000

  /// The calls of the open exchanges.
  var calls: [Call] {
    session.exchanges.compactMap { $0.handler as? Call }
  }

  func startLifeTimer() {
    guard let period = owner.core.lifeLimits.period else { return }
    let timer = LoopTimer(on: owner.loop) { [unowned self] in checkLife(again: period) }
    timer.schedule(after: .nanoseconds(Int64(clamping: period)))
    lifeTimer = timer
  }

  /// Cancels the timer before it is released: a timer that is due in this turn is kept until it has fired.
  func stopLifeTimer() {
    lifeTimer?.cancel()
    lifeTimer = nil
  }

  private func checkLife(again period: UInt64) {
    let now = owner.loop.now
    switch session {
    case .http2(let session): checkLife(session, now)
    case .http1(let session): checkLife(session, now)
    case .undetermined, .ended: checkLife(nil, now)
    }
    guard phase != .closed else { return }
    endStalledCalls(now)
    lifeTimer?.schedule(after: .nanoseconds(Int64(clamping: period)))
  }

  private func checkLife(_ session: HTTP2ServerSession, _ now: UInt64) {
    switch life.check(snapshot(of: session, now)) {
    case .goOn: break
    case .ping:
      session.ping()
      owner.loop.flushAtEndOfTurn(self)
    case .drain: drain()
    case .fail(let code, let reason):
      log(reason)
      session.sendGoAway(code, reason)
      endAfterFlush()
    case .close(let reason): return end(reason)
    }
    session.stopRequests(answeredBefore: max(now, Self.earlyAnswerTime) - Self.earlyAnswerTime)
    if session.wantsWrite { owner.loop.flushAtEndOfTurn(self) }
  }

  private func snapshot(of session: HTTP2ServerSession, _ now: UInt64) -> ConnectionLife.Snapshot {
    ConnectionLife.Snapshot(
      now: now, lastReceived: lastReceived, hasSettings: session.hasSettings, headersSince: session.headersSince,
      stalledSince: transport.stalledSince, idleSince: session.idleSince)
  }

  private func endStalledCalls(_ now: UInt64) {
    guard let limit = owner.core.lifeLimits.responseStall else { return }
    for call in calls where call.isStalled(now: now, limit: limit) {
      owner.log(.debug, "The client of a call did not take its responses.", metadata: ["peer": "\(peer)"])
      if let exchange = call.exchange { abort(exchange, .excessiveLoad) }
    }
  }

  func end(_ reason: StaticString) {
    log(reason)
    close()
  }

  func log(_ reason: StaticString) {
    owner.log(
      .debug, "A connection is ended.", kind: "\(reason)", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
  }

  /// The server stops, and no other calls are left: those that end with their connection are told so.
  func endOpenEndedCalls() {
    let calls = calls.filter { !$0.machine.isOver }
    guard calls.allSatisfy({ $0.machine.phase == .running && $0.route?.isOpenEnded == true }) else { return }
    let outcome = Call.Outcome.error(RPCError(.unavailable, "the server stops"))
    for call in calls { call.end(outcome, keepingMessages: true) }
  }
}
