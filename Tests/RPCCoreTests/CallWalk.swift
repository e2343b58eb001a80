import RPCCore
import TestSupport
import Testing

/// A driver of the machine with counts in the place of bytes, and tasks that really wait.
// @unchecked Sendable: the tasks touch it only before they suspend, on the thread that makes them.
final class CallWalk: @unchecked Sendable {
  var machine = CallMachine()
  var slots = 0
  var slotsGivenBack = 0
  /// How often the answer became known, and how often the session was given the status.
  var timesAnswered = 0
  var timesToldStatus = 0
  var tasks: [UInt64: Task<Bool, Never>] = [:]
  /// Whether each wait ended well.
  var outcomes: [UInt64: Bool] = [:]
  var seen: CallMachine.Actions = []
  var stalls = 0

  private let hasSingleRequest: Bool
  private var waiting: [CallMachine.Place: UInt64] = [:]
  private var now: UInt64 = 1
  private var messages = 0
  private var hasPart = false
  private var isEnded = false
  private var isToBeStarted = false
  private var isHandlerIn = false
  private var outbound = 0
  private var isFlushDue = false
  private var isHeadSent = false
  private var isClosed = false

  init(hasSingleRequest: Bool) { self.hasSingleRequest = hasSingleRequest }

  /// One of the things that can happen.
  func step(_ random: inout SeededGenerator) {
    now += UInt64.random(in: 0...10, using: &random)
    let before = machine.phase
    switch Int.random(in: 0..<32, using: &random) {
    case 0..<4: head()
    case 4..<7: data(random: &random)
    case 7: halfClose()
    case 8..<12: startHandler()
    case 12..<15: read()
    case 15..<19: write()
    case 19: returnFromHandler()
    case 20..<24: flush()
    case 24..<27: take(Int.random(in: 0...3, using: &random))
    case 27: cancelTask(random: &random)
    case 28: checkStall()
    case 29: if Int.random(in: 0..<4, using: &random) == 0 { answer() }
    default: if Int.random(in: 0..<12, using: &random) == 0 { close() }
    }
    #expect(machine.phase.rawValue >= before.rawValue)
    #expect(slots == (isHandlerIn ? 1 : 0))
    for place in [CallMachine.Place.reader, .writer] {
      #expect(machine.isWaiting(place) == (waiting[place] != nil))
      #expect(waiting[place] == nil || machine.phase == .running)
    }
  }

  /// In some order, everything ends.
  func finish(_ random: inout SeededGenerator) {
    var ends = [close, returnFromHandler, startHandler]
    ends.shuffle(using: &random)
    for end in ends { end() }
    returnFromHandler()
  }

  // MARK: The client

  private func head() {
    guard !isClosed, machine.phase == .head else { return }
    run(machine.accepted(hasSingleRequest: hasSingleRequest))
    requestArrived()
  }

  private func data(random: inout SeededGenerator) {
    guard !isClosed, !isEnded else { return }
    if hasPart { messages += 1 }
    hasPart = Bool.random(using: &random)
    requestArrived()
  }

  private func halfClose() {
    isEnded = true
    requestArrived()
  }

  private func requestArrived() {
    guard machine.awaitsRequest else { return }
    let front: CallMachine.Front =
      messages > 1 || messages == 1 && hasPart ? .messageAndMore : messages == 1 ? .message : hasPart ? .part : .nothing
    run(machine.requestArrived(front, isEnded: isEnded))
  }

  private func take(_ count: Int) {
    guard isHeadSent, !isClosed else { return }
    outbound -= min(count, outbound)
    run(machine.moved(hasRoom: outbound < 2))
    if outbound == 0, machine.nextPiece() == .end { timesToldStatus += 1 }
  }

  private func close() {
    guard !isClosed else { return }
    isClosed = true
    if machine.phase.rawValue < CallMachine.Phase.answered.rawValue { timesAnswered += 1 }
    end(machine.closed())
  }

  // MARK: The server

  private func run(_ actions: CallMachine.Actions) {
    seen.formUnion(actions)
    if actions.contains(.startHandler) { isToBeStarted = true }
    if actions.contains(.wakeReader) { wake(.reader) }
    if actions.contains(.wakeWriter) { wake(.writer) }
    if actions.contains(.scheduleWrite) { isFlushDue = true }
    if !actions.isDisjoint(with: [.refuseMissing, .refuseCut, .refuseSurplus]) { answer() }
  }

  private func wake(_ place: CallMachine.Place) {
    guard let waiter = machine.take(place) else {
      Issue.record("nobody waits")
      return
    }
    outcomes[waiter.id] = true
    #expect(waiting.removeValue(forKey: place) == waiter.id)
    waiter.resume()
  }

  private func answer() {
    guard let release = machine.answered() else { return }
    timesAnswered += 1
    end(release)
    run(machine.wrote())
  }

  private func end(_ release: consuming CallMachine.HeldResources) {
    for id in waiting.values { outcomes[id] = false }
    waiting = [:]
    guard let slot = release.cancelWaits() else { return }
    slots -= 1
    slotsGivenBack += 1
    slot.giveBack()
  }

  private func checkStall() {
    if machine.isStalled(hasMessages: outbound > 0, now: now, limit: 20) {
      stalls += 1
      close()
    }
  }

  private func flush() {
    guard isFlushDue else { return }
    isFlushDue = false
    switch machine.flush() {
    case .nothing: #expect(isClosed)
    case .head:
      #expect(!isHeadSent)
      isHeadSent = true
    case .body: #expect(isHeadSent)
    }
  }

  // MARK: The handler

  private func startHandler() {
    guard isToBeStarted else { return }
    isToBeStarted = false
    if let slot = machine.begin(AdmissionSlot(callClass: 0, startedAt: now)) {
      #expect(machine.phase.rawValue >= CallMachine.Phase.answered.rawValue)
      return slot.giveBack()
    }
    slots += 1
    isHandlerIn = true
  }

  private func returnFromHandler() {
    guard isHandlerIn else { return }
    isHandlerIn = false
    let isAnswer = machine.phase == .running
    if isAnswer { timesAnswered += 1 }
    end(machine.handlerReturned())
    if isAnswer { run(machine.wrote()) }
  }

  private func read() {
    guard isHandlerIn, machine.phase == .running else { return }
    if messages > 0 { messages -= 1 } else if !isEnded { wait(.reader) }
  }

  private func write() {
    guard isHandlerIn, machine.phase == .running else { return }
    outbound += 1
    run(machine.wrote())
    if outbound > 4 { wait(.writer) }
  }

  /// A second task may wait in the same place: it is refused.
  private func wait(_ place: CallMachine.Place) {
    let id = UInt64(tasks.count + 1)
    let isFree = waiting[place] == nil
    if isFree { waiting[place] = id } else { outcomes[id] = false }
    tasks[id] = Task.immediate { [self] in
      do {
        try await withUnsafeThrowingContinuation { continuation in
          if let refused = machine.wait(place, Waiter(continuation, id: id)) {
            refused.resume(throwing: CancellationError())
          }
        }
        return true
      } catch {
        return false
      }
    }
    let isWaiting = machine.isWaiting(place)
    #expect(isWaiting)
  }

  /// Of one that waits or of one that waited before.
  private func cancelTask(random: inout SeededGenerator) {
    let place: CallMachine.Place = Bool.random(using: &random) ? .reader : .writer
    let id =
      Bool.random(using: &random) ? waiting[place] ?? 0 : UInt64.random(in: 0...UInt64(tasks.count), using: &random)
    guard let waiter = machine.take(place, id: id) else { return }
    #expect(waiting.removeValue(forKey: place) == id)
    outcomes[id] = false
    waiter.resume(throwing: CancellationError())
  }
}
