/// The states of a call on its server, without its bytes, its exchange and its clock: the driver (`Call` in RPCServer)
/// tells what happened by a method each, and does what that returns. A test drives it through all orders of events.
///
/// Two things must leave it exactly once, or a handler hangs or a limit leaks: the call's admission, and the tasks that
/// wait in it. They are values that can't be copied, and trap in debug builds when they are dropped. Whatever ends the
/// call returns them in a `HeldResources`.
package struct CallMachine: ~Copyable {
  /// Each phase follows one above it, and none comes twice.
  package enum Phase: UInt8, Sendable {
    /// The request's head is awaited.
    case head
    /// The one message of the request is awaited.
    case request
    /// The handler is about to be started.
    case ready
    /// The handler runs.
    case running
    /// The answer is known, and is sent. The handler may still run: after a deadline, say.
    case answered
    /// The exchange is closed. The handler may still run.
    case closed
  }

  /// What the driver is to do.
  // Inlinable, since the driver is in another module and looks at each bit for each call.
  package struct Actions: OptionSet, Sendable {
    package let rawValue: UInt8
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `contains`, which the compiler does not specialize across modules.
    @inlinable package func has(_ action: Actions) -> Bool { rawValue & action.rawValue != 0 }

    /// Start the handler.
    @inlinable package static var startHandler: Actions { Actions(rawValue: 1) }
    /// Let the client send more of the request, if there is memory for it.
    @inlinable package static var awaitMore: Actions { Actions(rawValue: 2) }
    /// Resume the reader: it can look again.
    @inlinable package static var wakeReader: Actions { Actions(rawValue: 4) }
    /// Resume the writer: there is room.
    @inlinable package static var wakeWriter: Actions { Actions(rawValue: 8) }
    /// Call `flush` at the end of the turn.
    @inlinable package static var scheduleWrite: Actions { Actions(rawValue: 16) }
    /// Refuse the request: it has no message, and the method takes one.
    @inlinable package static var refuseMissing: Actions { Actions(rawValue: 32) }
    /// Refuse the request: it ends inside a message.
    @inlinable package static var refuseCut: Actions { Actions(rawValue: 64) }
    /// Refuse the request: it has more than one message, and the method takes one.
    @inlinable package static var refuseSurplus: Actions { Actions(rawValue: 128) }
  }

  /// What of the request's messages is there.
  package enum Front: UInt8, Sendable { case nothing, part, message, messageAndMore }

  /// The two places where a task of the call can wait.
  package enum Place: UInt8, Sendable {
    /// For the next message of the request.
    case reader
    /// For room to write.
    case writer
  }

  package private(set) var phase = Phase.head
  private var isWriteScheduled = false
  private var isHeadSent = false
  private var isEndWritten = false
  /// Messages moved since `isStalled` last looked.
  private var hasMoved = false
  /// Since when messages wait and none moves; 0: they don't.
  private var stalledSince: UInt64 = 0
  /// Waits so far.
  private var waits: UInt64 = 0
  private var slot: AdmissionSlot?
  private var reader: Waiter?
  private var writer: Waiter?

  package init() {}

  /// The answer is known, or nobody waits for it.
  package var isOver: Bool { phase.rawValue >= Phase.answered.rawValue }

  // MARK: Request

  /// The head is understood.
  package mutating func accepted(hasSingleRequest: Bool) -> Actions {
    guard phase == .head else { return [] }
    phase = hasSingleRequest ? .request : .ready
    return hasSingleRequest ? [] : .startHandler
  }

  /// Whether somebody cares what of the request is there: else `requestArrived` need not be told.
  package var awaitsRequest: Bool { phase == .request || phase == .running && reader != nil }

  /// More of the request is there, or its end.
  package mutating func requestArrived(_ front: Front, isEnded: Bool) -> Actions {
    switch phase {
    case .request: return singleRequestArrived(front, isEnded: isEnded)
    case .running where reader != nil:
      return front == .message || front == .messageAndMore || isEnded ? .wakeReader : .awaitMore
    default: return []
    }
  }

  private mutating func singleRequestArrived(_ front: Front, isEnded: Bool) -> Actions {
    switch front {
    case .messageAndMore: return .refuseSurplus
    case _ where !isEnded: return .awaitMore
    case .nothing: return .refuseMissing
    case .part: return .refuseCut
    case .message:
      phase = .ready
      return .startHandler
    }
  }

  // MARK: Handler

  /// The handler is started.
  /// - Returns: the slot, where the call was ended in between.
  package mutating func begin(_ slot: consuming AdmissionSlot) -> AdmissionSlot? {
    guard phase == .ready else { return slot }
    self.slot = consume slot
    phase = .running
    return nil
  }

  package func isWaiting(_ place: Place) -> Bool {
    switch place {
    case .reader: reader != nil
    case .writer: writer != nil
    }
  }

  /// A number for the next wait, which no other wait of the call has.
  package mutating func nextWaitID() -> UInt64 {
    waits += 1
    return waits
  }

  /// A task of the call suspends.
  /// - Returns: the waiter, where another one waits there already, or the call is over.
  package mutating func wait(_ place: Place, _ waiter: consuming Waiter) -> Waiter? {
    guard phase == .running, !isWaiting(place) else { return waiter }
    switch place {
    case .reader: reader = consume waiter
    case .writer: writer = consume waiter
    }
    return nil
  }

  /// Who waits there, to be resumed.
  package mutating func take(_ place: Place) -> Waiter? {
    switch place {
    case .reader: reader.take()
    case .writer: writer.take()
    }
  }

  /// A task that waited was cancelled.
  /// - Parameter id: tells it from one that waits there by now.
  package mutating func take(_ place: Place, id: UInt64) -> Waiter? {
    let waiting: UInt64? =
      switch place {
      case .reader: reader?.id
      case .writer: writer?.id
      }
    return waiting == id ? take(place) : nil
  }

  // MARK: Response

  /// There is something to send.
  package mutating func wrote() -> Actions {
    guard !isWriteScheduled, phase != .closed else { return [] }
    isWriteScheduled = true
    return .scheduleWrite
  }

  /// The head can't be changed any more.
  package var isHeadFixed: Bool { isHeadSent }

  package enum Flush: UInt8, Sendable { case nothing, head, body }

  /// The turn ends. What follows the head, the session asks for itself; it needs to be told of what came later.
  package mutating func flush() -> Flush {
    isWriteScheduled = false
    guard phase != .closed else { return .nothing }
    guard !isHeadSent else { return .body }
    isHeadSent = true
    return .head
  }

  /// The session took messages.
  /// - Parameter hasRoom: what is left is so little that more may be written.
  package mutating func moved(hasRoom: Bool) -> Actions {
    hasMoved = true
    return hasRoom && writer != nil ? .wakeWriter : []
  }

  package enum Next: UInt8, Sendable {
    /// Nothing for now.
    case later
    /// The status, which `nextPiece` is told only once.
    case end
    /// Nothing ever.
    case nothing
  }

  /// All messages were taken.
  package mutating func nextPiece() -> Next {
    guard phase == .answered else { return .later }
    defer { isEndWritten = true }
    return isEndWritten ? .nothing : .end
  }

  /// Whether messages have waited for the client's window for so long. To be asked now and then.
  package mutating func isStalled(hasMessages: Bool, now: UInt64, limit: UInt64) -> Bool {
    defer { hasMoved = false }
    guard hasMessages, !hasMoved, phase != .closed else {
      stalledSince = 0
      return false
    }
    guard stalledSince > 0 else {
      stalledSince = max(now, 1)
      return false
    }
    return now >= stalledSince && now - stalledSince >= limit
  }

  // MARK: Ends

  /// The answer is known: a refusal, a deadline that passed, a server that stops. Nil where the call was over.
  package mutating func answered() -> HeldResources? {
    guard !isOver else { return nil }
    let wasRunning = phase == .running
    phase = .answered
    return HeldResources(slot: nil, reader: reader.take(), writer: writer.take(), endsTask: wasRunning)
  }

  /// The handler returned: its slot leaves. Its result is the answer if `phase` was `running` still.
  package mutating func handlerReturned() -> HeldResources {
    if phase == .running { phase = .answered }
    return HeldResources(slot: slot.take(), reader: reader.take(), writer: writer.take(), endsTask: false)
  }

  /// The exchange is closed, by the client, by a reset of ours or with its connection.
  package mutating func closed() -> HeldResources {
    let wasRunning = phase == .running
    phase = .closed
    return HeldResources(slot: nil, reader: reader.take(), writer: writer.take(), endsTask: wasRunning)
  }

  /// What leaves a call that ends.
  package struct HeldResources: ~Copyable {
    private var slot: AdmissionSlot?
    private var reader: Waiter?
    private var writer: Waiter?
    /// The handler's task is to be cancelled.
    package let endsTask: Bool

    fileprivate init(
      slot: consuming AdmissionSlot?, reader: consuming Waiter?, writer: consuming Waiter?, endsTask: Bool
    ) {
      self.slot = slot
      self.reader = reader
      self.writer = writer
      self.endsTask = endsTask
    }

    /// Resumes all tasks that waited, as cancelled.
    /// - Returns: the slot of a handler that returned, to be given back.
    package consuming func cancelWaits() -> AdmissionSlot? {
      if let reader = reader.take() { reader.resume(throwing: CancellationError()) }
      if let writer = writer.take() { writer.resume(throwing: CancellationError()) }
      return slot.take()
    }
  }
}
