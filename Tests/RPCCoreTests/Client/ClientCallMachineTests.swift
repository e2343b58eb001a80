import RPCCore
import TestSupport
import Testing

/// Drives the machine of a client's call through all orders of what can happen to it. Trap 20: whatever waits is
/// resumed once.
@Suite struct ClientCallMachineTests {
  @Test(.timeLimit(.minutes(1)), arguments: 1...20)
  func aRandomWalk(seed: UInt64) async {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<150 {
      let walk = ClientWalk(hasSingleResponse: Bool.random(using: &random))
      for _ in 0..<Int.random(in: 1...60, using: &random) { walk.step(&random) }
      walk.finish()
      #expect(walk.ends == 1 && walk.waiting.isEmpty && walk.resumed == walk.tasks.count)
      for task in walk.tasks { await task.value }
    }
  }

  /// The walk comes everywhere.
  @Test func aWalkSeesAllPhasesActionsAndFates() async {
    var random = SeededGenerator(seed: 7)
    var phases: Set<UInt8> = []
    var outcomes: Set<UInt8> = []
    var actions: ClientCallMachine.Actions = []
    var resets: Set<Bool> = []
    for _ in 0..<500 {
      let walk = ClientWalk(hasSingleResponse: Bool.random(using: &random))
      for _ in 0..<60 {
        phases.insert(walk.machine.phase.rawValue)
        walk.step(&random)
      }
      walk.finish()
      actions.formUnion(walk.seen)
      outcomes.formUnion(walk.outcomes)
      resets.insert(walk.wasReset)
      for task in walk.tasks { await task.value }
    }
    #expect(phases == [0, 1, 2, 3])
    #expect(outcomes == [0, 1, 2] && resets == [true, false])
    #expect(actions.rawValue == 0x3f)
  }

  @Test func aCallThatTheServerRefusedIsSentAgainOnce() {
    var machine = ClientCallMachine(hasSingleResponse: true)
    let outcomes = [
      machine.dispatched() ? machine.lost(.refused) : .over, machine.dispatched() ? machine.lost(.unsent) : .over,
      machine.dispatched() ? machine.lost(.unsent) : .over, machine.dispatched() ? machine.lost(.refused) : .over,
    ]
    #expect(outcomes == [.again, .again, .again, .fails])
    end(&machine)
  }

  @Test func aCallThatWasAnsweredIsNotSentAgain() {
    var machine = ClientCallMachine(hasSingleResponse: false)
    _ = machine.dispatched()
    _ = machine.responded()
    let outcomes = [machine.lost(.unsent), machine.lost(.refused)]
    let isRetried = machine.retried()
    #expect(outcomes == [.fails, .fails] && !isRetried)
    end(&machine)
    let outcome = machine.lost(.unsent)
    #expect(outcome == .over)
  }

  @Test func aRequestThatIsNotWholeIsResetWhenTheResponseIs() {
    for (isFinished, expected) in [(true, false), (false, true)] {
      var machine = ClientCallMachine(hasSingleResponse: true)
      _ = machine.dispatched()
      if isFinished { _ = machine.finished() }
      _ = machine.nextPiece()
      var resets: Bool?
      if let release = machine.ended(byServer: true) {
        resets = release.resetsStream
        release.wake()
      }
      #expect(resets == expected)
    }
  }

  @Test(arguments: [
    (200, StatusCode.unknown), (400, .internal), (401, .unauthenticated), (403, .permissionDenied),
    (404, .unimplemented), (418, .unknown), (429, .unavailable), (431, .unknown), (500, .unknown),
    (502, .unavailable), (503, .unavailable), (504, .unavailable),
  ])
  func httpStatus(number: Int, code: StatusCode) { #expect(StatusCode(httpStatus: number) == code) }

  @Test(arguments: [
    (UInt32(0), StatusCode.internal), (1, .internal), (2, .internal), (3, .internal), (4, .internal), (5, .unknown),
    (6, .internal), (7, .unavailable), (8, .cancelled), (9, .internal), (10, .internal), (11, .resourceExhausted),
    (12, .permissionDenied), (13, .unknown), (.max, .unknown),
  ])
  func resetCodes(number: UInt32, code: StatusCode) { #expect(StatusCode(resetCode: number) == code) }

  private func end(_ machine: inout ClientCallMachine) {
    if let release = machine.ended(byServer: false) { release.wake() } else { Issue.record("it was over") }
  }
}

/// A driver of the machine with counts in the place of bytes, and tasks that really wait.
// @unchecked Sendable: the tasks touch it only before they suspend, on the thread that makes them.
private final class ClientWalk: @unchecked Sendable {
  var machine: ClientCallMachine
  var ends = 0
  var resumed = 0
  var tasks: [Task<Void, Never>] = []
  var waiting: Set<ClientCallMachine.Place> = []
  var seen: ClientCallMachine.Actions = []
  var outcomes: Set<UInt8> = []
  var wasReset = false

  private let hasSingleResponse: Bool
  private var refusals = 0
  private var outbound = 0
  private var isFlushDue = false
  private var isFinished = false
  private var isEndTaken = false
  private var messages = 0
  private var hasPart = false

  init(hasSingleResponse: Bool) {
    self.hasSingleResponse = hasSingleResponse
    machine = ClientCallMachine(hasSingleResponse: hasSingleResponse)
  }

  func step(_ random: inout SeededGenerator) {
    let before = machine.phase
    switch Int.random(in: 0..<30, using: &random) {
    case 0..<5: dispatch()
    case 5..<9: write()
    case 9: finishRequests()
    case 10..<13: flush()
    case 13..<16: take(Int.random(in: 0...3, using: &random))
    case 16..<18: if Int.random(in: 0..<2, using: &random) == 0 { run(machine.responded()) }
    case 18..<21: data(&random)
    case 21..<24: read()
    case 24: wait(.head)
    case 25: lose(ClientCallMachine.Loss(rawValue: UInt8.random(in: 0...2, using: &random)) ?? .unsent)
    case 26: if Int.random(in: 0..<3, using: &random) == 0, machine.retried() { #expect(before == .sent) }
    default: if Int.random(in: 0..<20, using: &random) == 0 { end(byServer: Bool.random(using: &random)) }
    }
    let isBack = before == .sent && machine.phase == .queued
    #expect(isBack || machine.phase.rawValue >= before.rawValue)
    for place in [ClientCallMachine.Place.reader, .writer, .head] {
      #expect(machine.isWaiting(place) == waiting.contains(place))
    }
    #expect(!waiting.contains(.head) || !machine.isCommitted)
  }

  func finish() {
    end(byServer: false)
    lose(.possiblyProcessed)
    run(machine.wrote())
    run(machine.responded())
    end(byServer: true)
  }

  private func dispatch() {
    if machine.dispatched() { isEndTaken = false }
  }

  private func lose(_ loss: ClientCallMachine.Loss) {
    guard machine.phase != .queued else { return }
    let before = machine.phase
    let outcome = machine.lost(loss)
    outcomes.insert(outcome.rawValue)
    switch outcome {
    case .over: #expect(before == .ended)
    case .again:
      #expect(before == .sent && loss != .possiblyProcessed)
      if loss == .refused { refusals += 1 }
      #expect(refusals <= 1)
    case .fails: end(byServer: false)
    }
  }

  private func write() {
    guard machine.takesRequests else { return }
    outbound += 1
    run(machine.wrote())
    if outbound > 3 { wait(.writer) }
  }

  private func finishRequests() {
    isFinished = true
    run(machine.finished())
  }

  private func flush() {
    guard isFlushDue else { return }
    isFlushDue = false
    let asks = machine.flush()
    #expect(asks == (machine.phase == .sent || machine.phase == .responding))
  }

  private func take(_ count: Int) {
    guard machine.phase == .sent || machine.phase == .responding else { return }
    outbound -= min(count, outbound)
    run(machine.moved(hasRoom: outbound < 2))
    guard outbound == 0 else { return }
    let next = machine.nextPiece()
    #expect((next == .end) == isFinished)
    if next == .end { isEndTaken = true }
  }

  private func data(_ random: inout SeededGenerator) {
    guard machine.phase == .responding else { return }
    if hasPart { messages += 1 }
    hasPart = Bool.random(using: &random)
    let front: CallMachine.Front =
      messages > 1 || messages == 1 && hasPart ? .messageAndMore : messages == 1 ? .message : hasPart ? .part : .nothing
    run(machine.responseArrived(front))
  }

  private func read() {
    guard machine.phase != .ended else { return }
    if messages > 0, !hasSingleResponse { messages -= 1 } else { wait(.reader) }
  }

  private func run(_ actions: ClientCallMachine.Actions) {
    seen.formUnion(actions)
    if actions.has(.wakeReader) { wake(.reader) }
    if actions.has(.wakeWriter) { wake(.writer) }
    if actions.has(.wakeHead) { wake(.head) }
    if actions.has(.scheduleWrite) { isFlushDue = true }
    if actions.has(.refuseSurplus) { end(byServer: false) }
  }

  private func wake(_ place: ClientCallMachine.Place) {
    guard let waiter = machine.take(place) else {
      Issue.record("nobody waits")
      return
    }
    #expect(waiting.remove(place) != nil)
    waiter.resume()
    resumed += 1
  }

  private func end(byServer: Bool) {
    let hadStream = machine.phase == .sent || machine.phase == .responding
    guard let release = machine.ended(byServer: byServer) else { return }
    ends += 1
    #expect(release.resetsStream == (hadStream && !(byServer && isEndTaken)))
    wasReset = release.resetsStream
    resumed += waiting.count
    waiting = []
    release.wake()
  }

  private func wait(_ place: ClientCallMachine.Place) {
    let isFree =
      !waiting.contains(place) && machine.phase != .ended && !(place == .head && machine.phase == .responding)
    if isFree { waiting.insert(place) } else { resumed += 1 }
    let id = machine.nextWaitID()
    tasks.append(
      Task.immediate { [self] in
        try? await withUnsafeThrowingContinuation { continuation in
          if let refused = machine.wait(place, Waiter(continuation, id: id)) { refused.resume() }
        }
      })
  }
}
