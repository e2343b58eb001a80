internal import EventLoop
internal import HTTP
import Logging
internal import Primitives
import ProtoWire
import RPCCore
import Synchronization
internal import Transport

/// One call: its exchange, the format of its wire protocol, its messages and the task of its handler. `CallMachine`
/// decides what happens when, and `Call` does it.
// @unchecked Sendable: it belongs to its connection's loop. `ServerCallChannel`, which handlers use, goes to that loop
// first. Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another.
final class Call: HTTPExchangeHandler, @unchecked Sendable {
  let connection: Connection
  @exclusivity(unchecked) var machine = CallMachine()
  /// Nil once it is closed: nobody waits for an answer any more.
  @exclusivity(unchecked) private(set) var exchange: HTTPExchange?
  /// How its wire protocol writes the bodies: gRPC's, until the head says something else.
  @exclusivity(unchecked) var format: any CallFormat
  @exclusivity(unchecked) var route: Route?
  @exclusivity(unchecked) var context: ServerContext?
  /// Of a handler that has suspended.
  @exclusivity(unchecked) var task: Task<Void, Never>?
  @exclusivity(unchecked) private var deadlineTimer: LoopTimer?
  /// Nil where nobody observes.
  @exclusivity(unchecked) private(set) var observation: CallObservation?
  /// What `Call+Memory` has counted of this call.
  @exclusivity(unchecked) var countedBytes = 0

  // Requests.
  @exclusivity(unchecked) var deframer: MessageDeframer
  /// Received, and not yet given back to the peer's window.
  @exclusivity(unchecked) var uncredited = 0
  /// What the request's messages are compressed with, if they are.
  @exclusivity(unchecked) var requestCompression = CompressionAlgorithm.identity

  // Responses.
  @exclusivity(unchecked) var outbound = ByteBuffer()
  /// What compressed messages of the response are compressed with; nil until one is to be.
  @exclusivity(unchecked) var responseCompression: CompressionAlgorithm?
  /// Set when the answer is known: what follows the last message.
  @exclusivity(unchecked) private(set) var outcome: Outcome?

  enum Outcome {
    case success
    case failure(Failure)

    var error: RPCError? { if case .failure(let failure) = self { failure.error } else { nil } }

    static func error(_ error: RPCError) -> Outcome { .failure(Failure(error)) }
  }

  /// A class, since most calls succeed.
  final class Failure {
    let error: RPCError
    /// Of the head, if the call is refused.
    let httpStatus: Int
    /// Fields of that head.
    let extra: [(String, String)]

    init(_ error: RPCError, httpStatus: Int = 200, extra: [(String, String)] = []) {
      self.error = error
      self.httpStatus = httpStatus
      self.extra = extra
    }
  }

  init(_ exchange: HTTPExchange, connection: Connection) {
    self.exchange = exchange
    self.connection = connection
    format = connection.owner.grpc
    deframer = MessageDeframer(limit: connection.owner.core.limits.maximumRequestSize)
  }

  var loop: EventLoop { connection.owner.loop }
  var configuration: ServerConfiguration { connection.owner.core.configuration }
  var limits: CallLimits { connection.owner.core.limits }
  /// All of the request has come, or nothing more of it will.
  var isRequestEnded: Bool { exchange?.isRemoteClosed ?? true }

  // MARK: What the peer did

  func receiveBody(_ bytes: UnsafeRawBufferPointer) {
    uncredited += bytes.count
    guard !machine.isOver else { return }
    format.receive(bytes, into: &deframer)
  }

  func handle(_ events: HTTPExchange.Events) {
    if events.contains(.closed) { return abandon() }
    if events.contains(.head), let exchange { accept(exchange) }
    if !events.isDisjoint(with: [.data, .end]) { requestsArrived() }
  }

  /// The exchange is closed, or its connection: nobody waits for an answer.
  private func abandon() {
    if !machine.isOver, machine.phase != .head { finished(.cancelled) }
    connection.counters.streamEnded(exchange?.closeCode == .noError)
    exchange = nil
    release(machine.closed())
    outbound.removeAll()
    deframer.removeAll()
    messagesShrank()
  }

  // MARK: Head

  private func accept(_ exchange: HTTPExchange) {
    let head = exchange.head
    guard !head.isOverLimit else {
      _ = started(nil, head)
      return refuse(RPCError(.resourceExhausted, "the header section is larger than the server takes"), httpStatus: 431)
    }
    guard let request = connection.owner.grpc.accept(head, on: exchange) ?? chooseProtocol(head) else { return }
    let isIntercepted = started(request.route, head)
    guard let route = request.route else {
      let path = head.withPath { String(decoding: $0, as: UTF8.self) }
      let refusal = request.refusal
      return refuse(
        refusal?.error ?? RPCError(.unimplemented, connection.owner.core.router.explain(path)),
        extra: refusal?.fields ?? [])
    }
    requestCompression = request.compression
    let deadline = request.timeout.map { Deadline.after(nanoseconds: $0, now: loop.now) }
    self.route = route
    context = ServerContext(
      CallState(
        method: route.handler.descriptor, deadline: deadline, headers: BlockHeaders(block: head), peer: connection.peer,
        security: connection.transport.security, observers: observation?.observers ?? []))
    if isIntercepted, !interceptorsAccept() { return }
    // Behind the interceptors: who may not call need not be told what is wrong with the call.
    if let refusal = request.refusal { return refuse(refusal.error, extra: refusal.fields) }
    if let deadline { startTimer(deadline) }
    perform(machine.accepted(hasSingleRequest: route.handler.descriptor.kind.hasSingleRequest))
  }

  /// It is no call of gRPC: finds its protocol, and begins again with the bytes that came already. Nil if it is no call
  /// at all, and answered.
  private func chooseProtocol(_ head: HeaderBlock) -> RequestHead? {
    switch connection.owner.core.protocols.choose(
      head, connection.owner, carriesTrailers: exchange?.carriesTrailers == true)
    {
    case .call(let request):
      format = request.format
      let early = deframer.restart(format.framing)
      early.withUnsafeBytes { format.receive($0, into: &deframer) }
      return request
    case .answer(let answer):
      format = answer
      outbound.append(answer.text)
      if let release = machine.answered() { conclude(.success, release) }
      return nil
    }
  }

  /// It is a call, whatever will become of it.
  /// - Returns: whether there are interceptors to ask about it.
  private func started(_ route: Route?, _ head: HeaderBlock) -> Bool {
    connection.owner.calls.started(now: connection.owner.now)
    guard !connection.owner.core.interceptors.isEmpty else { return false }
    let start = CallStart(
      method: route?.handler.descriptor, peer: connection.peer, security: connection.transport.security,
      headers: BlockHeaders(block: head))
    observation = CallObservation(connection.owner.core.interceptors.compactMap { $0.callStarted(start) })
    return true
  }

  /// Asks the interceptors whether they take the call; refuses it if one does not.
  private func interceptorsAccept() -> Bool {
    guard let context else { return false }
    do throws(RPCError) {
      for interceptor in connection.owner.core.interceptors { try interceptor.accept(context) }
      return true
    } catch {
      refuse(error)
      return false
    }
  }

  /// It is over, and the client is told so if it is still there.
  private func finished(_ status: StatusCode) {
    connection.owner.calls.finished(status == .ok)
    observation?.ended(status)
    observation = nil
  }

  func refuse(_ error: RPCError, httpStatus: Int = 200, extra: [(String, String)] = []) {
    end(.failure(Failure(error, httpStatus: httpStatus, extra: extra)))
  }

  // MARK: Deadline

  private func startTimer(_ deadline: Deadline) {
    // The timer is released with the call at the latest, and `release` cancels it.
    let timer = LoopTimer(on: loop) { [unowned self] in deadlinePassed() }
    timer.schedule(atNanoseconds: deadline.nanoseconds)
    deadlineTimer = timer
  }

  private func deadlinePassed() {
    guard !machine.isOver, let context else { return }
    let stage =
      machine.phase == .request ? "the request was received" : context.call.response.withLock { "\($0.stage)" }
    end(.error(RPCError(.deadlineExceeded, "the deadline passed while \(stage)")))
  }

  // MARK: End

  /// The answer is known, whatever the handler does: nothing more is taken from it or from the peer.
  func end(_ outcome: Outcome, keepingMessages: Bool = false) {
    if let release = machine.answered() { end(outcome, keepingMessages: keepingMessages, release) }
  }

  func end(_ outcome: Outcome, keepingMessages: Bool, _ release: consuming CallMachine.HeldResources) {
    if case .failure(let failure) = outcome {
      finished(failure.error.code)
      // An error of the server's own does not wait for messages that the peer may be too slow to read.
      if !keepingMessages, !machine.isHeadFixed { outbound.removeAll() }
    } else {
      finished(.ok)
    }
    conclude(outcome, release)
  }

  private func conclude(_ outcome: Outcome, _ release: consuming CallMachine.HeldResources) {
    self.outcome = outcome
    self.release(release)
    deframer.removeAll()
    messagesShrank()
    creditReceived()
    scheduleWrite()
  }

  /// Lets go of timer, task, waiters and slot.
  func release(_ release: consuming CallMachine.HeldResources) {
    deadlineTimer?.cancel()
    deadlineTimer = nil
    if release.endsTask { task?.cancel() }
    task = nil
    if let slot = release.cancelWaits() { connection.giveBack(slot) }
  }

  /// Whether messages have waited for the client's window for so long. Asked now and then by the connection's timer.
  func isStalled(now: UInt64, limit: UInt64) -> Bool {
    machine.isStalled(hasMessages: !outbound.isEmpty, now: now, limit: limit)
  }
}
