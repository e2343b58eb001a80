internal import EventLoop
internal import HTTP
import Logging
internal import Primitives
import ProtoWire
import RPCCore
import Synchronization
internal import Transport

/// One call: its HTTP exchange, its wire protocol's format, the state machine between them, and the task of its
/// handler.
///
/// It goes through these phases, each at most once: its head is awaited; for one request message, that message is
/// awaited; its handler is about to be started, and runs; it is over. The handler's task may outlive the last phase,
/// when the deadline or the peer ended the call.
// @unchecked Sendable: it belongs to its connection's loop. `ServerCallChannel`, which handlers use, goes to that loop
// first.
final class Call: HTTPExchangeHandler, @unchecked Sendable {
  enum Phase { case head, request, ready, running, over }

  let connection: Connection
  /// Nil once it is closed: nobody waits for an answer any more.
  @exclusivity(unchecked) private(set) var exchange: HTTPExchange?
  @exclusivity(unchecked) var phase = Phase.head
  @exclusivity(unchecked) var route: Route?
  @exclusivity(unchecked) var context: ServerContext?
  /// Of a handler that has suspended.
  @exclusivity(unchecked) var task: Task<Void, Never>?
  @exclusivity(unchecked) private var deadlineTimer: LoopTimer?

  /// Nil where nobody observes.
  @exclusivity(unchecked) private(set) var observation: CallObservation?

  /// What `Call+Memory` has counted of this call.
  @exclusivity(unchecked) var countedBytes = 0
  /// How its wire protocol writes the bodies: gRPC's, until the head says something else.
  @exclusivity(unchecked) var format: any CallFormat

  // Requests.
  @exclusivity(unchecked) var deframer: MessageDeframer
  /// Received, and not yet given back to the peer's window.
  @exclusivity(unchecked) var uncredited = 0
  /// Made by the first wait: a unary call has none.
  @exclusivity(unchecked) var requestWaiter: CallWaiter?

  /// What the request's messages are compressed with, if they are.
  @exclusivity(unchecked) var requestCompression = CompressionAlgorithm.identity

  // Responses.
  /// What compressed messages of the response are compressed with; nil until one is to be.
  @exclusivity(unchecked) var responseCompression: CompressionAlgorithm?
  @exclusivity(unchecked) var outbound = ByteBuffer()
  @exclusivity(unchecked) var writeWaiter: CallWaiter?
  @exclusivity(unchecked) var isSpeaking = false
  /// Messages moved since the connection's timer last looked.
  @exclusivity(unchecked) var hasMoved = false
  /// Since when messages wait and none moves.
  @exclusivity(unchecked) private var stalledSince: UInt64?
  @exclusivity(unchecked) var isHeadSubmitted = false
  /// When its handler was started.
  @exclusivity(unchecked) var startedAt: UInt64 = 0
  /// Set when the call is over: what follows the last message.
  @exclusivity(unchecked) var outcome: Outcome?

  struct Outcome {
    var error: RPCError?
    var httpStatus = 200
    var extra: [(String, String)] = []
    /// Nothing follows what is in `outbound`.
    var isWritten = false
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
    guard phase != .over else { return }
    format.receive(bytes, into: &deframer)
  }

  func handle(_ events: HTTPExchange.Events) {
    if events.contains(.closed) { return abandon() }
    if events.contains(.head), let exchange { accept(exchange) }
    if !events.isDisjoint(with: [.data, .end]) { requestsArrived() }
  }

  /// The exchange is closed, or its connection: nobody waits for an answer.
  private func abandon() {
    let wasRunning = phase == .running
    if phase != .over, phase != .head { finished(.cancelled) }
    phase = .over
    connection.counters.streamEnded(exchange?.closeCode == .noError)
    exchange = nil
    release(cancelling: wasRunning)
    outbound.removeAll()
    deframer.removeAll()
    messagesShrank()
  }

  // MARK: Head

  private func accept(_ exchange: HTTPExchange) {
    let head = exchange.head
    guard !head.isOverLimit else {
      started(nil, head)
      return refuse(RPCError(.resourceExhausted, "the header section is larger than the server takes"), httpStatus: 431)
    }
    guard let request = connection.owner.grpc.accept(exchange) ?? chooseProtocol(head) else { return }
    started(request.route, head)
    guard let route = request.route else {
      let path = head.withPath { String(decoding: $0, as: UTF8.self) }
      return refuse(RPCError(.unimplemented, connection.owner.core.router.explain(path)))
    }
    if let refusal = request.refusal { return refuse(refusal.error, extra: refusal.fields) }
    requestCompression = request.compression
    let deadline = request.timeout.map { Deadline.after(nanoseconds: $0, now: loop.now) }
    self.route = route
    context = ServerContext(
      CallState(
        method: route.handler.descriptor, deadline: deadline, headers: BlockHeaders(block: head), peer: connection.peer,
        security: connection.transport.security, observers: observation?.observers ?? []))
    if let deadline { startTimer(deadline) }
    if route.handler.descriptor.kind.hasSingleRequest {
      phase = .request
    } else {
      start()
    }
  }

  /// It is no call of gRPC: finds its protocol, and begins again with the bytes that came already. Nil if it is no call
  /// at all, and answered.
  private func chooseProtocol(_ head: HeaderBlock) -> RequestHead? {
    switch connection.owner.core.protocols.choose(head, connection.owner.core) {
    case .call(let request):
      format = request.format
      let early = deframer.restart(format.framing)
      early.withUnsafeBytes { format.receive($0, into: &deframer) }
      return request
    case .answer(let answer):
      format = answer
      outbound.append(answer.text)
      answered(Outcome())
      return nil
    }
  }

  /// It is a call, whatever will become of it.
  private func started(_ route: Route?, _ head: HeaderBlock) {
    connection.owner.calls.started(now: connection.owner.now)
    guard !connection.owner.core.interceptors.isEmpty else { return }
    let start = CallStart(
      method: route?.handler.descriptor, peer: connection.peer, security: connection.transport.security,
      headers: BlockHeaders(block: head))
    observation = CallObservation(connection.owner.core.interceptors, start)
  }

  /// It is over, and the client is told so if it is still there.
  private func finished(_ status: StatusCode) {
    connection.owner.calls.finished(status == .ok)
    observation?.ended(status)
    observation = nil
  }

  func refuse(_ error: RPCError, httpStatus: Int = 200, extra: [(String, String)] = []) {
    end(Outcome(error: error, httpStatus: httpStatus, extra: extra))
  }

  // MARK: Deadline

  private func startTimer(_ deadline: Deadline) {
    // The timer is released with the call at the latest, and `release` cancels it.
    let timer = LoopTimer(on: loop) { [unowned self] in deadlinePassed() }
    timer.schedule(atNanoseconds: deadline.nanoseconds)
    deadlineTimer = timer
  }

  private func deadlinePassed() {
    guard phase != .over, let context else { return }
    let stage = phase == .request ? "the request was received" : context.call.response.withLock { "\($0.stage)" }
    end(Outcome(error: RPCError(.deadlineExceeded, "the deadline passed while \(stage)")))
  }

  // MARK: End

  /// The answer is known: nothing more is taken from the peer or from the handler.
  func end(_ outcome: Outcome, keepingMessages: Bool = false) {
    guard phase != .over else { return }
    finished(outcome.error?.code ?? .ok)
    // An error of the server's own does not wait for messages that the peer may be too slow to read.
    if outcome.error != nil, !keepingMessages, !isHeadSubmitted { outbound.removeAll() }
    answered(outcome)
  }

  private func answered(_ outcome: Outcome) {
    let wasRunning = phase == .running
    phase = .over
    self.outcome = outcome
    release(cancelling: wasRunning && task != nil)
    deframer.removeAll()
    messagesShrank()
    creditReceived()
    speak()
  }

  /// Lets go of timer, task and waiters.
  private func release(cancelling: Bool) {
    deadlineTimer?.cancel()
    deadlineTimer = nil
    if cancelling { task?.cancel() }
    task = nil
    requestWaiter?.resume(throwing: CancellationError())
    writeWaiter?.resume(throwing: CancellationError())
  }

  /// Whether messages have waited for the client's window for so long. Asked now and then by the connection's timer.
  func isStalled(now: UInt64, limit: UInt64) -> Bool {
    defer { hasMoved = false }
    guard !outbound.isEmpty, !hasMoved, exchange != nil else {
      stalledSince = nil
      return false
    }
    guard let stalledSince else {
      self.stalledSince = now
      return false
    }
    return now.isPast(stalledSince, by: limit)
  }

  /// The place for a task to wait in, made for the first one. Loop thread.
  /// - Throws: when another one waits there.
  func freeWaiter(_ place: inout CallWaiter?, _ refusal: String) throws -> CallWaiter {
    if let waiter = place {
      guard !waiter.isTaken else { throw RPCError(.internal, refusal) }
      return waiter
    }
    let made = CallWaiter(on: loop)
    place = made
    return made
  }
}
