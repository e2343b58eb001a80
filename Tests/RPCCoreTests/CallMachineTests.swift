import RPCCore
import TestSupport
import Testing

/// Drives the call's machine through all orders of what can happen to a call. Trap 20: whatever waits is resumed once;
/// trap 30: whatever was let in is given back once.
@Suite struct CallMachineTests {
  @Test(.timeLimit(.minutes(1)), arguments: 1...20)
  func aRandomWalk(seed: UInt64) async {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<150 {
      let walk = CallWalk(hasSingleRequest: Bool.random(using: &random))
      for _ in 0..<Int.random(in: 1...60, using: &random) { walk.step(&random) }
      walk.finish(&random)
      #expect(walk.slots == 0 && walk.slotsGivenBack <= 1)
      #expect(walk.timesToldStatus <= 1 && walk.timesAnswered == 1)
      for (id, task) in walk.tasks { #expect(await task.value == walk.outcomes[id]) }
    }
  }

  /// The walk comes everywhere.
  @Test func aWalkSeesAllPhasesAndActions() {
    var random = SeededGenerator(seed: 7)
    var phases: Set<UInt8> = []
    var actions: CallMachine.Actions = []
    var stalls = 0
    for _ in 0..<500 {
      let walk = CallWalk(hasSingleRequest: Bool.random(using: &random))
      for _ in 0..<60 {
        phases.insert(walk.machine.phase.rawValue)
        walk.step(&random)
      }
      walk.finish(&random)
      actions.formUnion(walk.seen)
      stalls += walk.stalls
    }
    #expect(phases == Set(CallMachine.Phase.head.rawValue...CallMachine.Phase.closed.rawValue))
    #expect(actions.rawValue == 0xff && stalls > 0)
  }

  @Test func anAnswerIsKnownOnce() {
    var machine = CallMachine()
    let actions = [
      machine.accepted(hasSingleRequest: true), machine.accepted(hasSingleRequest: true),
      machine.requestArrived(.message, isEnded: false), machine.requestArrived(.message, isEnded: true),
    ]
    #expect(actions == [[], [], .awaitMore, .startHandler])
    if let refused = machine.begin(AdmissionSlot(callClass: 3, startedAt: 5)) {
      Issue.record("the call was ready")
      refused.giveBack()
    }
    let ends = [machine.answered()?.endsTask, machine.answered()?.endsTask]
    #expect(ends == [true, nil])
    let pieces = [machine.nextPiece(), machine.nextPiece()]
    #expect(pieces == [.end, .nothing])
    var callClass: Int?
    if let slot = machine.handlerReturned().cancelWaits() {
      callClass = slot.callClass
      slot.giveBack()
    }
    #expect(callClass == 3)
  }

  @Test func messagesThatWaitTooLongAreStalled() {
    var machine = CallMachine()
    var seen = [100, 109, 110].map { machine.isStalled(hasMessages: true, now: $0, limit: 10) }
    _ = machine.moved(hasRoom: true)
    seen += [130, 140, 149, 150].map { machine.isStalled(hasMessages: true, now: $0, limit: 10) }
    seen.append(machine.isStalled(hasMessages: false, now: 200, limit: 10))
    #expect(seen == [false, false, true, false, false, false, true, false])
  }
}
