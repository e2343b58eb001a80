import ProtoWire
public import RPCCore
import Synchronization

/// grpc.health.v1.Health: Check, Watch and List. https://github.com/grpc/grpc/blob/master/doc/health-checking.md
///
/// The empty name stands for the whole server, which is SERVING from the start. Any thread may set a status.
public final class HealthService: Sendable {
  private struct State {
    var statuses: [String: Bool] = ["": true]
    var isShutDown = false
    /// Grows with each change; Watch calls wait for the next one.
    var version = 0
    var nextWaiter = 0
    var waiters: [Int: UnsafeContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  /// The server itself ("") is SERVING, and no service is known.
  public init() {}

  /// Sets the status of a service (or of "", the server) to SERVING or NOT_SERVING. Does nothing after `shutdown()`.
  public func setStatus(_ service: String, serving: Bool) {
    change { state in
      guard !state.isShutDown, state.statuses[service] != serving else { return false }
      state.statuses[service] = serving
      return true
    }
  }

  /// Sets all statuses to NOT_SERVING for good: call it before the server shuts down.
  public func shutdown() {
    change { state in
      state.isShutDown = true
      for service in state.statuses.keys { state.statuses[service] = false }
      return true
    }
  }

  fileprivate var all: [String: Bool] { state.withLock { $0.statuses } }

  private func change(_ body: (inout State) -> Bool) {
    let waiters = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
      guard body(&state) else { return [] }
      state.version += 1
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  fileprivate func current(_ service: String) -> (status: Bool?, version: Int) {
    state.withLock { ($0.statuses[service], $0.version) }
  }

  /// Waits until the version changes or the task is cancelled.
  fileprivate func nextChange(after version: Int) async {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isOver = state.withLock { state in
          if state.version != version || Task.isCancelled { return true }
          state.waiters[id] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
  }
}

extension HealthService: ServiceProvider {
  /// The descriptor of `grpc.health.v1.Health`.
  public static var serviceDescriptor: ServiceDescriptor { Grpc_Health_V1_HealthMethods.service }
  /// The handlers of its methods.
  public var methodHandlers: [MethodHandler] { HealthHandlers(health: self).methodHandlers }
}

/// Keeps the generated messages out of the public API.
private struct HealthHandlers: Grpc_Health_V1_HealthProvider {
  let health: HealthService

  func check(
    _ request: Grpc_Health_V1_HealthCheckRequest, context: ServerContext
  ) async throws -> Grpc_Health_V1_HealthCheckResponse {
    guard let isServing = health.current(request.service).status else {
      throw RPCError(.notFound, "there is no service \(PeerText.excerpt(request.service))")
    }
    return .with { $0.status = isServing ? .serving : .notServing }
  }

  func list(
    _ request: Grpc_Health_V1_HealthListRequest, context: ServerContext
  ) async throws -> Grpc_Health_V1_HealthListResponse {
    let statuses = health.all
    return .with {
      $0.statuses = statuses.mapValues { isServing in .with { $0.status = isServing ? .serving : .notServing } }
    }
  }

  /// Sends the status, and again whenever it changes. For an unknown service it sends SERVICE_UNKNOWN until one is set.
  func watch(
    _ request: Grpc_Health_V1_HealthCheckRequest, responses: ResponseWriter<Grpc_Health_V1_HealthCheckResponse>,
    context: ServerContext
  ) async throws {
    var sent: Grpc_Health_V1_HealthCheckResponse.ServingStatus?
    while !Task.isCancelled {
      let (isServing, version) = health.current(request.service)
      let status: Grpc_Health_V1_HealthCheckResponse.ServingStatus =
        isServing.map { $0 ? .serving : .notServing } ?? .serviceUnknown
      if status != sent {
        try await responses.write(.with { $0.status = status })
        sent = status
      }
      await health.nextChange(after: version)
    }
    throw CancellationError()
  }
}
