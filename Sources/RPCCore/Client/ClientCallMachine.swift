/// The states of a call on its client, without its bytes, its exchange and its clock: the driver (`OutgoingCall` in
/// RPCClient) calls one method for each event, and does what the method returns. A test drives it through all orders of
/// events.
///
/// The tasks that wait in a call must leave it exactly once, or one hangs. They are values that can't be copied, and
/// trap in debug builds when they are dropped. Whatever ends the call returns them in a `HeldResources`.
package struct ClientCallMachine: ~Copyable {
  /// Each phase follows one above it; only a call that the server has not processed goes back from `sent` to `queued`.
  package enum Phase: UInt8, Sendable {
    /// The call waits for a connection.
    case queued
    /// It has a stream. Nothing of the response has come.
    case sent
    /// The response's head has come: the call is committed to this stream.
    case responding
    /// The status is known. Messages that came before it may still be unread.
    case ended
  }

  /// What the driver is to do.
  package struct Actions: OptionSet, Sendable {
    package let rawValue: UInt8
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `contains`, which the compiler does not specialize across modules.
    @inlinable package func has(_ action: Actions) -> Bool { rawValue & action.rawValue != 0 }

    /// Resume the task that waits for a message.
    @inlinable package static var wakeReader: Actions { Actions(rawValue: 1) }
    /// Resume the task that waits for room to write.
    @inlinable package static var wakeWriter: Actions { Actions(rawValue: 2) }
    /// Resume the task that waits for the head.
    @inlinable package static var wakeHead: Actions { Actions(rawValue: 4) }
    /// Call `flush` at the end of the turn.
    @inlinable package static var scheduleWrite: Actions { Actions(rawValue: 8) }
    /// Let the server send more.
    @inlinable package static var awaitMore: Actions { Actions(rawValue: 16) }
    /// End the call: its one response is followed by another one.
    @inlinable package static var refuseSurplus: Actions { Actions(rawValue: 32) }
  }

  /// The places where a task of the call can wait.
  package enum Place: UInt8, Sendable {
    /// For the next message of the response.
    case reader
    /// For room to write.
    case writer
    /// For the response's head.
    case head
  }

  /// How an attempt was lost.
  package enum Loss: UInt8, Sendable {
    /// No byte of it has left this process: it can be sent again, as often as that happens.
    case unsent
    /// The server says that it has not processed it (REFUSED_STREAM, GOAWAY): it can be sent again, once.
    /// https://github.com/grpc/proposal/blob/master/A6-client-retries.md#transparent-retries
    case refused
    /// The server may have processed the call.
    case possiblyProcessed
  }

  /// What becomes of a call whose attempt was lost.
  package enum LossOutcome: UInt8, Sendable {
    /// The call was over before.
    case over
    /// The call waits for a connection again.
    case again
    /// The call is to be ended.
    case fails
  }

  package private(set) var phase = Phase.queued
  private let hasSingleResponse: Bool
  private var isWriteScheduled = false
  /// No request follows.
  private var isFinished = false
  /// The end of the request was given to the stream.
  private var isEndTaken = false
  private var wasRefused = false
  private var waits: UInt64 = 0
  private var reader: Waiter?
  private var writer: Waiter?
  private var head: Waiter?

  package init(hasSingleResponse: Bool) { self.hasSingleResponse = hasSingleResponse }

  package var isOver: Bool { phase == .ended }

  /// Whether a response has begun or the call is over: then the call can't be sent again.
  package var isCommitted: Bool { phase.rawValue >= Phase.responding.rawValue }

  // MARK: Attempts

  /// A stream is opened for the call.
  /// - Returns: false where the call has one, or is over.
  package mutating func dispatched() -> Bool {
    guard phase == .queued else { return false }
    phase = .sent
    isEndTaken = false
    return true
  }

  /// The stream, or its connection, ended before the response did.
  package mutating func lost(_ loss: Loss) -> LossOutcome {
    switch phase {
    case .ended: return .over
    case .queued, .responding: return .fails
    case .sent: break
    }
    switch loss {
    case .unsent: break
    case .refused where !wasRefused: wasRefused = true
    case .refused, .possiblyProcessed: return .fails
    }
    phase = .queued
    return .again
  }

  /// The server answered with a status that a retry policy takes for temporary: the call waits to be sent again.
  /// - Returns: false where it is too late for that.
  package mutating func retried() -> Bool {
    guard phase == .sent else { return false }
    phase = .queued
    return true
  }

  // MARK: Requests

  /// There is something to send.
  package mutating func wrote() -> Actions {
    guard !isWriteScheduled, phase == .sent || phase == .responding else { return [] }
    isWriteScheduled = true
    return .scheduleWrite
  }

  /// The turn ends.
  /// - Returns: whether the stream is to be asked for more.
  package mutating func flush() -> Bool {
    isWriteScheduled = false
    return phase == .sent || phase == .responding
  }

  /// No request follows.
  package mutating func finished() -> Actions {
    guard !isFinished else { return [] }
    isFinished = true
    return wrote()
  }

  /// Whether further requests can be written.
  package var takesRequests: Bool { !isFinished && phase != .ended }

  /// The stream took messages.
  /// - Parameter hasRoom: what is left is so little that more may be written.
  package mutating func moved(hasRoom: Bool) -> Actions { hasRoom && writer != nil ? .wakeWriter : [] }

  package enum Next: UInt8, Sendable {
    /// Nothing for now.
    case later
    /// END_STREAM.
    case end
  }

  /// All messages were taken.
  package mutating func nextPiece() -> Next {
    guard isFinished else { return .later }
    isEndTaken = true
    return .end
  }

  // MARK: Responses

  /// The head came, and it is that of a response: messages may follow.
  package mutating func responded() -> Actions {
    guard phase == .sent else { return [] }
    phase = .responding
    return head != nil ? .wakeHead : []
  }

  /// More of the response's messages came. In a call with a single response message, only the end of the call wakes the
  /// reader, because only the status says whether the message counts.
  package mutating func responseArrived(_ front: CallMachine.Front) -> Actions {
    guard phase == .responding else { return [] }
    switch front {
    case .nothing, .part: return .awaitMore
    case .messageAndMore where hasSingleResponse: return .refuseSurplus
    case .message where hasSingleResponse: return []
    case .message, .messageAndMore: return reader != nil ? .wakeReader : []
    }
  }

  // MARK: Waiting

  package func isWaiting(_ place: Place) -> Bool {
    switch place {
    case .reader: reader != nil
    case .writer: writer != nil
    case .head: head != nil
    }
  }

  /// A number for the next wait, which no other wait of the call has.
  package mutating func nextWaitID() -> UInt64 {
    waits += 1
    return waits
  }

  /// A task of the call suspends.
  /// - Returns: the waiter, where another one waits there already, or there is nothing to wait for.
  package mutating func wait(_ place: Place, _ waiter: consuming Waiter) -> Waiter? {
    guard phase != .ended, !isWaiting(place) else { return waiter }
    switch place {
    case .reader: reader = consume waiter
    case .writer: writer = consume waiter
    case .head:
      guard phase != .responding else { return waiter }
      head = consume waiter
    }
    return nil
  }

  /// The task that waits there, to be resumed.
  package mutating func take(_ place: Place) -> Waiter? {
    switch place {
    case .reader: reader.take()
    case .writer: writer.take()
    case .head: head.take()
    }
  }

  // MARK: Ends

  /// The status is known: from the server, or because the deadline passed, the caller cancelled, a rule was broken, or
  /// the last attempt was lost.
  /// - Parameter byServer: the response is whole, so that only the request may be left to stop.
  /// - Returns: nil where the call was over.
  package mutating func ended(byServer: Bool) -> HeldResources? {
    guard phase != .ended else { return nil }
    let hasStream = phase != .queued
    phase = .ended
    return HeldResources(
      reader: reader.take(), writer: writer.take(), head: head.take(),
      resetsStream: hasStream && !(byServer && isEndTaken))
  }

  /// What a call that ends hands to its driver: the tasks that waited in it, and whether to reset the stream.
  package struct HeldResources: ~Copyable {
    private var reader: Waiter?
    private var writer: Waiter?
    private var head: Waiter?
    /// The stream, if it is still open, is to be reset.
    package let resetsStream: Bool

    fileprivate init(
      reader: consuming Waiter?, writer: consuming Waiter?, head: consuming Waiter?, resetsStream: Bool
    ) {
      self.reader = reader
      self.writer = writer
      self.head = head
      self.resetsStream = resetsStream
    }

    /// Resumes all tasks that waited: they find the call ended.
    package consuming func wake() {
      if let reader = reader.take() { reader.resume() }
      if let writer = writer.take() { writer.resume() }
      if let head = head.take() { head.resume() }
    }
  }
}
