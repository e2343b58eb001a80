internal import EventLoop
import Logging
internal import Primitives
package import ProtoWire
package import RPCCore
import Synchronization

/// Calls that a request of another kind makes of methods of the same server, inside the process: a GraphQL operation,
/// for example. To access rules, interceptors, limits and metrics they are calls of the request's sender: with its
/// metadata, its deadline and its connection.
///
/// A value belongs to the request that it was made for. It is used in that request's task and its child tasks.
package struct LocalCalls: Sendable {
  private let call: Call
  private let context: ServerContext

  /// Nil if the channel is none of a server.
  init?(_ channel: any ServerCallChannel, _ context: ServerContext) {
    guard let call = channel as? Call else { return nil }
    self.call = call
    self.context = context
  }

  /// Calls a method that answers with one message.
  /// - Parameters:
  ///   - path: `/service/method`.
  ///   - request: an encoded message.
  /// - Returns: the response, encoded.
  /// - Throws: the status that a client would get.
  package func unary(_ path: [UInt8], _ request: [UInt8]) async throws(RPCError) -> [UInt8] {
    let local = LocalCall(request, nil)
    try await run(path, local)
    guard let response = local.response else { throw RPCError(.internal, "the handler was not called") }
    return response
  }

  /// Calls a method that answers with a stream.
  /// - Parameter receive: gets each response; the handler waits meanwhile. What it throws, the handler gets.
  /// - Throws: the status that a client would get.
  package func stream(
    _ path: [UInt8], _ request: [UInt8], _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
  ) async throws(RPCError) {
    try await run(path, LocalCall(request, receive))
  }

  private func run(_ path: [UInt8], _ local: LocalCall) async throws(RPCError) {
    let connection = call.connection
    guard connection.owner.loop.isCurrent else {
      throw RPCError(.internal, "a call inside the server was made on another thread than its request's")
    }
    let core = connection.owner.core
    guard let route = path.withUnsafeBytes({ core.router.route($0) }) else {
      throw RPCError(.unimplemented, core.router.explain(String(decoding: path, as: UTF8.self)))
    }
    connection.owner.calls.started(now: connection.owner.now)
    let start = CallStart(
      method: route.handler.descriptor, peer: context.peer, security: context.security, headers: context.call.headers)
    local.observation =
      core.interceptors.isEmpty ? nil : CallObservation(core.interceptors.compactMap { $0.callStarted(start) })
    let inner = ServerContext(
      CallState(
        method: route.handler.descriptor, deadline: context.deadline, headers: context.call.headers,
        peer: context.peer, security: context.security, observers: local.observation?.observers ?? []))
    do throws(RPCError) {
      for interceptor in core.interceptors { try interceptor.accept(inner) }
      let slot = try connection.admitLocal(route)
      do {
        try await run(route, local, inner)
        connection.giveBack(slot)
      } catch {
        connection.giveBack(slot)
        throw answer(error, route)
      }
      finished(.ok, local)
    } catch {
      finished(error.code, local)
      throw error
    }
  }

  private func run(_ route: Route, _ local: LocalCall, _ inner: ServerContext) async throws {
    let interceptors = call.connection.owner.core.interceptors[...]
    guard ServedCall.isWanted.load(ordering: .relaxed) else {
      return try await intercept(interceptors, route, local, inner)
    }
    try await ServedCall.$current.withValue(inner) { try await intercept(interceptors, route, local, inner) }
  }

  private func intercept(
    _ interceptors: ArraySlice<any ServerInterceptor>, _ route: Route, _ local: LocalCall, _ inner: ServerContext
  ) async throws {
    guard let first = interceptors.first else { return try await route.handler.body(local, inner) }
    try await first.intercept(inner) { try await intercept(interceptors.dropFirst(), route, local, inner) }
  }

  /// The error that the caller gets; its cause goes to the log.
  private func answer(_ error: any Error, _ route: Route) -> RPCError {
    let answer = RPCError(mapping: error)
    if let cause = answer.cause {
      call.connection.owner.log(
        .error, "A call failed.", kind: route.description,
        metadata: ["method": "\(route)", "code": "\(answer.code)", "cause": "\(cause)"])
    }
    return answer
  }

  private func finished(_ status: StatusCode, _ local: LocalCall) {
    call.connection.owner.calls.finished(status == .ok)
    local.observation?.ended(status)
  }
}

/// The messages of one such call.
// @unchecked Sendable: it belongs to the task of its request, or to one child task of that.
private final class LocalCall: ServerCallChannel, @unchecked Sendable {
  private var request: [UInt8]?
  private let receive: (@Sendable ([UInt8]) async throws -> Void)?
  private(set) var response: [UInt8]?
  var observation: CallObservation?

  init(_ request: [UInt8], _ receive: (@Sendable ([UInt8]) async throws -> Void)?) {
    self.request = request
    self.receive = receive
  }

  func singleRequest<Request: WireMessage>(as type: Request.Type) throws -> Request {
    guard let bytes = request.take() else { throw RPCError(.internal, "the request was taken already") }
    observation?.received(size: bytes.count)
    do {
      return try Request(wireBytes: bytes)
    } catch {
      throw RPCError(.internal, "the request could not be decoded: \(PeerText.excerpt("\(error)"))")
    }
  }

  func nextRequest<Request: WireMessage>(as type: Request.Type) async throws -> Request? {
    request == nil ? nil : try singleRequest(as: type)
  }

  func sendSingleResponse<Response: WireMessage>(_ message: Response) throws {
    let bytes = message.wireBytes()
    observation?.sent(size: bytes.count)
    response = bytes
  }

  func send<Response: WireMessage>(_ message: Response, mayCompress: Bool) async throws {
    let bytes = message.wireBytes()
    observation?.sent(size: bytes.count)
    guard let receive else {
      response = bytes
      return
    }
    try await receive(bytes)
  }

  func sendInitialMetadata() async throws {}
}

extension Connection {
  /// Counts a call that a request of this connection makes inside the server as one that runs.
  fileprivate func admitLocal(_ route: Route) throws(RPCError) -> AdmissionSlot {
    guard runningHandlers < owner.core.limits.maximumRunningHandlers else {
      throw RPCError(.resourceExhausted, "too many calls of this connection are running")
    }
    switch owner.admission.begin(route.callClass) {
    case nil:
      runningHandlers += 1
      return AdmissionSlot(callClass: route.callClass, startedAt: route.tracksLatency ? owner.loop.now : nil)
    case .server: throw RPCError(.unavailable, "the server's limit of running calls is reached")
    case .callClass(let name):
      throw RPCError(.unavailable, "the limit of running calls of the class \(name) is reached")
    }
  }
}
