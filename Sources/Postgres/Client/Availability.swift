import Synchronization

/// Whether the database can be reached: only if every loop has reached it.
final class Availability: Sendable {
  private struct State {
    var loops: [Bool]
    var failure: PostgresError?
    var observers: [@Sendable (Bool) -> Void] = []
    var isAvailable: Bool { loops.allSatisfy { $0 } }
  }

  private let state: Mutex<State>

  init(loops: Int) { state = Mutex(State(loops: Array(repeating: false, count: loops))) }

  var isAvailable: Bool { state.withLock { $0.isAvailable } }

  /// Why the last attempt to connect failed; nil once there is a connection.
  var failure: PostgresError? { state.withLock { $0.failure } }

  func failed(_ error: PostgresError) { state.withLock { $0.failure = error } }

  func observe(_ observer: @escaping @Sendable (Bool) -> Void) {
    state.withLock { $0.observers.append(observer) }
  }

  func set(_ loop: Int, _ isUp: Bool) {
    let (observers, value): ([@Sendable (Bool) -> Void], Bool) = state.withLock { state in
      let before = state.isAvailable
      guard state.loops.indices.contains(loop) else { return ([], before) }
      state.loops[loop] = isUp
      if isUp { state.failure = nil }
      return state.isAvailable == before ? ([], before) : (state.observers, state.isAvailable)
    }
    for observer in observers { observer(value) }
  }
}
