import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// What interceptors of a channel change, and what their observers hear.
@Suite(.timeLimit(.minutes(2))) struct ClientInterceptorTests {
  /// Notes what it hears of calls.
  private final class Listener: ClientInterceptor {
    final class Ears: CallObserver {
      let notes = Mutex<[String]>([])
      func received(_ message: MessageInfo) { notes.withLock { $0.append("received \(message.index)") } }
      func sent(_ message: MessageInfo) { notes.withLock { $0.append("sent \(message.index): \(message.size)") } }
      func ended(_ summary: CallSummary) {
        notes.withLock { $0.append("\(summary.status) \(summary.sent.count) \(summary.received.count)") }
      }
    }

    let calls = Mutex<[Ears]>([])

    func callStarted(_ method: MethodDescriptor, _ options: inout CallOptions) -> (any CallObserver)? {
      options.metadata.add("x-method", method.name)
      let ears = Ears()
      calls.withLock { $0.append(ears) }
      return ears
    }

    /// What was heard of the latest call.
    var notes: [String] { calls.withLock { $0.last }?.notes.withLock { $0 } ?? [] }
  }

  private let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
    if request.value.count > 5 { throw RPCError(.outOfRange, "too far") }
    return Bytes(Array((context.requestMetadata.text("x-method") ?? "").utf8))
  }

  @Test func unaryCalls() async throws {
    try await serving([look]) { server in
      let listener = Listener()
      let client = try server.client { $0.interceptors = [listener] }
      #expect(try await client.call("Look") == Array("Look".utf8))
      #expect(listener.notes == ["sent 0: 0", "received 0", "OK 1 1"])
      #expect(await client.status(of: "Look", bytes(10)).code == .outOfRange)
      #expect(listener.notes == ["sent 0: 12", "OUT_OF_RANGE 1 0"])
      #expect(await client.status(of: "Look", [], .timeout(.seconds(-1))).code == .deadlineExceeded)
      #expect(listener.notes == ["DEADLINE_EXCEEDED 0 0"])
    }
  }

  @Test func streams() async throws {
    try await serving([.count, .sum]) { server in
      let listener = Listener()
      let client = try server.client { $0.interceptors = [listener] }
      for try await _ in client.count(3) {}
      #expect(listener.notes == ["sent 0: 2", "received 0", "received 1", "received 2", "OK 1 3"])
      let upload = client.sum()
      for number in 1...2 { try await upload.requests.write(Number(Int64(number))) }
      _ = try await upload.response()
      #expect(listener.notes == ["sent 0: 2", "sent 1: 2", "received 0", "OK 2 1"])
    }
  }

  /// A stream that is left ends for its observers too, whatever of it has come already.
  @Test func aStreamThatIsLeftHasEnded() async throws {
    try await serving([.count]) { server in
      let listener = Listener()
      let client = try server.client { $0.interceptors = [listener] }
      func readOne() async throws {
        for try await _ in client.count(3) { return }
      }
      try await readOne()
      let notes = listener.notes
      #expect(notes.prefix(2) == ["sent 0: 2", "received 0"])
      #expect(notes.last == "OK 1 1" || notes.last == "CANCELLED 1 1")
    }
  }
}
