import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// Calls that come with one read share a task until one of them suspends; nothing of that may be seen from inside.
@Suite struct HandlerBatchTests {
  /// Requests of so many methods in one write, the messages being their numbers; the answers' messages in order of
  /// their streams.
  private func answers(_ methods: [String], of handlers: [MethodHandler]) async throws -> [[Number]] {
    var answers: [[Number]] = []
    try await serving(handlers) { server in
      let peer = try await server.peer()
      let streams = methods.indices.map { UInt32(2 * $0 + 1) }
      var frames: [Frame] = []
      for (index, method) in methods.enumerated() {
        frames.append(.headers(streams[index], Peer.request(path(method))))
        frames.append(.data(streams[index], grpcFrame(Number(Int64(index)).wireBytes()), end: true))
      }
      try await peer.send(frames.flatMap { $0.bytes })
      var open = Set(streams)
      var received: [Frame] = []
      while !open.isEmpty, let frame = try await peer.next() {
        received.append(frame)
        if frame.isEnd { open.remove(frame.stream) }
      }
      answers = try streams.map { stream in
        let body = received.filter { $0.stream == stream && $0.kind == .data }.flatMap { $0.payload }
        return body.isEmpty ? [] : [try Number(wireBytes: Array(body.dropFirst(5)))]
      }
    }
    return answers
  }

  private static func method(
    _ name: String, _ body: @escaping @Sendable (Number) async throws -> Number
  ) -> MethodHandler {
    MethodHandler.unary(.test(name, .unary)) { (number: Number, _: ServerContext) in try await body(number) }
  }

  private static let double = method("Double") { Number($0.value * 2) }
  private static let pause = method("Pause") { number in
    try await Task.sleep(for: .milliseconds(5))
    return Number(number.value + 100)
  }

  @Test func eachIsAnsweredWhetherItSuspendsOrNot() async throws {
    let methods = (0..<60).map { [0, 1, 5, 6, 59].contains($0) ? "Pause" : "Double" }
    let expected = methods.enumerated().map { [Number(Int64($1 == "Pause" ? $0 + 100 : $0 * 2))] }
    #expect(try await answers(methods, of: [Self.double, Self.pause]) == expected)
  }

  @Test func oneThatFailsDoesNotConcernTheNext() async throws {
    let fail = Self.method("Fail") { _ in throw RPCError(.aborted, "no") }
    let answers = try await answers(["Double", "Fail", "Double", "Fail"], of: [Self.double, fail])
    #expect(answers == [[Number(0)], [], [Number(4)], []])
  }

  /// A handler may end its own task; that of the next call is another one.
  @Test func oneThatCancelsItsTaskDoesNotConcernTheNext() async throws {
    let cancel = Self.method("Cancel") { number in
      withUnsafeCurrentTask { $0?.cancel() }
      return number
    }
    let ask = Self.method("Ask") { _ in Number(Task.isCancelled ? 1 : 0) }
    let answers = try await answers(["Ask", "Cancel", "Ask", "Cancel", "Ask"], of: [cancel, ask])
    #expect(answers == [[Number(0)], [Number(1)], [Number(0)], [Number(3)], [Number(0)]])
  }

  @TaskLocal private static var mark = 0

  /// A handler that has suspended leaves its task to later ones, and nothing of its own in it.
  @Test func aTaskThatIsKeptIsAsGoodAsNew() async throws {
    let tasks = Mutex<[Int]>([])
    @Sendable func note() { withUnsafeCurrentTask { task in tasks.withLock { $0.append(task.hashValue) } } }
    let suspend = Self.method("Suspend") { number in
      note()
      return try await Self.$mark.withValue(7) {
        async let child = number.value
        try await Task.sleep(for: .milliseconds(1))
        return Number(await child + Int64(Self.mark))
      }
    }
    let look = Self.method("Look") { _ in
      note()
      return Number(Int64(Self.mark) + (Task.isCancelled ? 100 : 0))
    }
    let (entered, cancelled) = (Gate(), Gate())
    try await serving([suspend, look, .park(entered: entered, cancelled: cancelled)]) { server in
      let client = try await server.client()
      #expect(try await client.call(path("Suspend"), Number(1)).message(as: Number.self) == Number(8))
      #expect(try await client.call(path("Look"), Number(0)).message(as: Number.self) == Number(0))
      #expect(tasks.withLock { $0.count == 2 && $0[0] == $0[1] })
      // One that was cancelled is not kept.
      #expect(try await client.call(path("Park"), Bytes(), metadata: [["grpc-timeout", "20m"]]).status == 4)
      try await cancelled.wait()
      #expect(try await client.call(path("Look"), Number(0)).message(as: Number.self) == Number(0))
    }
  }

  /// The limit counts handlers that run, not calls that came: those of a read that end at once are never too many.
  @Test func aLimitOfRunningCallsIsNotReachedByHandlersThatReturn() async throws {
    var answers: [[Number]] = []
    try await serving([Self.double]) {
      $0.maximumRunningCalls = 1
    } _: { server in
      let client = try await server.client()
      let calls = try await (0..<20).asyncMap { _ in try await client.start(path("Double")) }
      for (index, call) in calls.enumerated() { try await call.send(Number(Int64(index)), end: true) }
      answers = try await calls.asyncMap { [try await $0.finish().message(as: Number.self)] }
    }
    #expect(answers == (0..<20).map { [Number($0 * 2)] })
  }
}
