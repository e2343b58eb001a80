internal import EventLoop
internal import Synchronization

/// The gate of a channel, for the calls of all its loops. Any thread.
final class CallGate: Sendable {
  /// Where a call is. Belongs to the call's loop.
  enum Place {
    case outside
    case waiting(UInt64)
    case inside

    var isWaiting: Bool { if case .waiting = self { true } else { false } }
  }

  private let machine: Mutex<CallGateMachine<OutgoingCall>>

  init(limit: Int, queueLimit: Int) { machine = Mutex(CallGateMachine(limit: limit, queueLimit: queueLimit)) }

  func enter(_ call: OutgoingCall) -> CallGateMachine<OutgoingCall>.Answer { machine.withLock { $0.enter(call) } }

  /// A call has ended: the next one that waits goes on, on its loop.
  func leave(_ place: Place) {
    let next: OutgoingCall? = machine.withLock { machine in
      switch place {
      case .outside: nil
      case .inside: machine.left()
      case .waiting(let ticket): machine.abandoned(ticket) ? nil : machine.left()
      }
    }
    if let next { next.loop.execute { next.channel.admitted(next) } }
  }
}
