internal import EventLoop
internal import ProtoWire
internal import RPCCore

/// Asks a server over one of its connections whether it serves, and listens to what it says from then on. Belongs to
/// the loop's thread. https://github.com/grpc/proposal/blob/master/A17-client-side-health-checking.md
// @unchecked Sendable: for closures that run on that thread.
final class HealthWatch: @unchecked Sendable {
  /// Makes calls over one connection, whatever the channel would choose.
  private struct PinnedChannel: ClientChannel {
    let connection: ClientConnection

    func makeCall(_ method: MethodDescriptor, _ options: CallOptions) -> any ClientCall {
      let call = OutgoingCall(CallPlan(own: method), observation: nil, on: connection.channel, pinned: connection)
      call.start()
      return call
    }
  }

  let connection: ClientConnection
  private var task: Task<Void, Never>?
  private var isCancelled = false

  /// Begins. What the server says goes to the channel of the connection.
  init(of service: String, on connection: ClientConnection) {
    self.connection = connection
    // Detached: it is nobody's call. `cancel` ends it; it does not outlive its connection.
    task = Task.detached(executorPreference: connection.loop) { [self] in await run(service) }
  }

  private nonisolated(nonsending) func run(_ service: String) async {
    let (channel, id) = (connection.channel, connection.subchannel.id)
    var hadAnswer = false
    var failure = RPCError(.unavailable, "the server has ended the watch")
    // It may have been cancelled before it began.
    guard !isCancelled else { return }
    do {
      let health = Grpc_Health_V1_HealthClient(PinnedChannel(connection: connection))
      for try await answer in health.watch(.with { $0.service = service }, options: CallOptions()) {
        guard !isCancelled else { return }
        hadAnswer = true
        channel.healthChanged(id, isServing: answer.status == .serving)
      }
    } catch {
      failure = error as? RPCError ?? failure
    }
    guard !isCancelled else { return }
    channel.healthWatchEnded(id, failure, hadAnswer: hadAnswer)
  }

  /// Ends the call. Nothing is told any more.
  func cancel() {
    isCancelled = true
    task?.cancel()
  }
}
