internal import ProtoWire
internal import RPCCore

/// What a hedged call does with its attempts. Loop thread.
extension OutgoingCall {
  /// Takes a request message without waiting for room: there is a limit to what a call without a winner keeps.
  func write(_ message: some WireMessage, mayCompress: Bool) {
    guard machine.takesRequests else { return }
    do throws(RPCError) {
      try enqueue(message, mayCompress: mayCompress)
      perform(machine.wrote())
    } catch {
      end(error, byServer: false)
    }
  }

  func finishWriting() { perform(machine.finished()) }

  /// Another attempt has won.
  func abandon() {
    end(RPCError(.cancelled, "another attempt of the call was answered first"), byServer: false)
    observeEnd()
  }

  /// The attempt serves the caller from now on: notes what there is to note, and whatever comes.
  /// - Parameter count: of the call's attempts.
  func serveCaller(_ record: CallRecord?, attempts count: Int) {
    observation?.servesCaller = true
    guard let record else { return }
    if let peer { for _ in 0..<count { record.began(peer: peer) } }
    if let initial { record.received(initialMetadata: initial) }
    if machine.isOver { record.ended(status?.code ?? .ok, trailingMetadata: trailingMetadata) }
    self.record = record
  }
}
