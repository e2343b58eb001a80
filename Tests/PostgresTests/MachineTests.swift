import Primitives
import TestSupport
import Testing

@testable import Postgres

@Suite struct PipelineTests {
  typealias Machine = Pipeline<String>

  /// An action as text, so that tests read as tables.
  private func name(_ action: Machine.Action) -> String {
    switch action {
    case .none: "-"
    case .succeed(let request): "succeed \(request)"
    case .hold(let request): "hold \(request)"
    case .succeedHeld(let request): "committed \(request)"
    case .fail(let request): "fail \(request)"
    case .prepared(let request): "prepared \(request)"
    case .preparationFailed(let request): "unprepared \(request)"
    case .failPreparation(let request): "fail prepare \(request)"
    case .sendAgain(let request): "again \(request)"
    case .outOfStep: "out of step"
    }
  }

  private func run(_ machine: inout Machine, _ replies: [Machine.Reply]) -> [String] {
    replies.map { name(machine.receive($0)) }
  }

  @Test func readsShareASync() {
    var machine = Machine()
    machine.didSendPrerequisite(for: "a")
    for request in ["a", "b"] { machine.didSendQuery(request, isHeldForSync: false) }
    machine.didSendSync()
    #expect(machine.outstanding == 2)
    let actions = run(&machine, [.rows, .end, .rows, .end, .rows, .end, .sync])
    #expect(actions == ["prepared a", "-", "succeed a", "-", "succeed b", "-", "-"])
    #expect(machine.isIdle && machine.outstanding == 0)
  }

  @Test func neighboursOfAFailureAreSentAgain() {
    var machine = Machine()
    for request in ["a", "b", "c"] { machine.didSendQuery(request, isHeldForSync: false) }
    machine.didSendSync()
    machine.didSendQuery("d", isHeldForSync: true)
    machine.didSendSync()
    let actions = run(&machine, [.rows, .end, .failure, .end, .aborted, .end, .sync, .rows, .end, .sync])
    #expect(actions == ["succeed a", "-", "fail b", "-", "again c", "-", "-", "hold d", "-", "committed d"])
  }

  @Test func failedPreparationIsTheRequestsOwnError() {
    var machine = Machine()
    machine.didSendPrerequisite(for: "a")
    machine.didSendQuery("a", isHeldForSync: false)
    machine.didSendQuery("b", isHeldForSync: false)
    machine.didSendSync()
    let actions = run(&machine, [.failure, .end, .aborted, .end, .aborted, .end, .sync])
    #expect(actions == ["unprepared a", "-", "fail prepare a", "-", "again b", "-", "-"])
  }

  @Test func writeCountsWhenItsSyncIsAnswered() {
    var machine = Machine()
    machine.didSendQuery("w", isHeldForSync: true)
    machine.didSendSync()
    #expect(run(&machine, [.rows, .end]) == ["hold w", "-"])
    #expect(machine.outstanding == 1)
    #expect(machine.abandon() == ["w"])
    #expect(machine.isIdle && machine.outstanding == 0)
  }

  @Test func failedCommitFailsTheWrite() {
    var machine = Machine()
    machine.didSendQuery("w", isHeldForSync: true)
    machine.didSendSync()
    machine.didSendQuery("r", isHeldForSync: false)
    machine.didSendSync()
    let actions = run(&machine, [.rows, .end, .failure, .end, .sync, .rows, .end, .sync])
    #expect(actions == ["hold w", "-", "fail w", "-", "-", "succeed r", "-", "-"])
  }

  @Test func unexpectedRepliesAreOutOfStep() {
    for reply in [Machine.Reply.rows, .failure, .aborted, .sync, .end] {
      var machine = Machine()
      #expect(name(machine.receive(reply)) == "out of step")
    }
    var machine = Machine()
    machine.didSendQuery("a", isHeldForSync: false)
    #expect(name(machine.receive(.end)) == "out of step")
    #expect(name(machine.receive(.sync)) == "out of step")
    #expect(machine.abandon() == ["a"])
    machine.didSendSync()
    for reply in [Machine.Reply.rows, .aborted, .end] { #expect(name(machine.receive(reply)) == "out of step") }
  }

  /// Trap 20: each request leaves the pipeline exactly once, whatever the server answers and whenever the connection
  /// dies.
  @Test func noRequestIsLostInAStateChange() {
    var generator = SeededGenerator(seed: 20)
    let replies: [Machine.Reply] = [.rows, .failure, .aborted, .sync, .end]
    for _ in 0..<20_000 {
      var machine = Machine()
      var owed: [String: Int] = [:]
      var number = 0
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
          number += 1
          let request = "\(number)"
          if Bool.random(using: &generator) { machine.didSendPrerequisite(for: request) }
          machine.didSendQuery(request, isHeldForSync: false)
          owed[request] = 1
        }
        machine.didSendSync()
        if Bool.random(using: &generator) {
          number += 1
          machine.didSendQuery("\(number)", isHeldForSync: true)
          owed["\(number)"] = 1
          machine.didSendSync()
        }
      }
      var isOver = false
      for _ in 0..<Int.random(in: 0...30, using: &generator) where !isOver {
        switch machine.receive(replies[Int.random(in: 0..<replies.count, using: &generator)]) {
        case .succeed(let request), .succeedHeld(let request), .fail(let request), .failPreparation(let request),
          .sendAgain(let request):
          owed[request, default: 0] -= 1
        case .outOfStep: isOver = true
        case .none, .hold, .prepared, .preparationFailed: break
        }
      }
      for request in machine.abandon() { owed[request, default: 0] -= 1 }
      #expect(owed.values.allSatisfy { $0 == 0 })
      #expect(machine.isIdle && machine.outstanding == 0)
    }
  }
}
