import ProtoWire
import RPCCore
import Synchronization
import Testing

private typealias Number = Google_Protobuf_Int64Value

/// What generated clients make of a channel's calls.
@Suite struct ClientChannelTests {
  @Test func aUnaryCallSendsOneMessageAndTakesOne() async throws {
    let channel = ScriptedChannel([2])
    let answer: Number = try await channel.unary(.number(.unary), Number(1), .with { $0.metadata.add("a", "b") })
    #expect(answer.value == 2)
    #expect(channel.call.sent == [1] && channel.call.isFinished)
    #expect(channel.options?.metadata.text("a") == "b")
  }

  @Test(arguments: [[], [1, 2]])
  func aUnaryCallIsUnimplementedWithoutItsOneResponse(_ responses: [Int64]) async throws {
    let channel = ScriptedChannel(responses)
    let error = await #expect(throws: RPCError.self) {
      let _: Number = try await channel.unary(.number(.unary), Number(1), CallOptions())
    }
    #expect(error?.code == .unimplemented)
    #expect(channel.call.isCancelled == !responses.isEmpty)
  }

  @Test func aFailureIsThrown() async throws {
    let channel = ScriptedChannel([1], error: RPCError(.notFound, "no"))
    let error = await #expect(throws: RPCError.self) {
      let _: Number = try await channel.unary(.number(.unary), Number(1), CallOptions())
    }
    #expect(error?.code == .notFound)
  }

  @Test func aStreamSendsItsRequestOnce() async throws {
    let channel = ScriptedChannel([1, 2, 3])
    let stream: ResponseStream<Number> = channel.serverStreaming(.number(.serverStreaming), Number(7), CallOptions())
    #expect(try await stream.initialMetadata().text("from") == "script")
    var seen: [Int64] = []
    for try await number in stream { seen.append(number.value) }
    #expect(seen == [1, 2, 3])
    #expect(channel.call.sent == [7] && channel.call.isFinished)
  }

  @Test func aStreamThatIsLeftIsCancelled() async throws {
    let channel = ScriptedChannel([1, 2, 3])
    func readOne() async throws -> Int64? {
      for try await number: Number in channel.serverStreaming(.number(.serverStreaming), Number(7), CallOptions()) {
        return number.value
      }
      return nil
    }
    #expect(try await readOne() == 1)
    #expect(channel.call.isCancelled)
  }

  @Test func aClientStreamTellsWhenNobodyTakesMore() async throws {
    let channel = ScriptedChannel([9], takes: 2)
    let upload: ClientStreamingCall<Number, Number> = channel.clientStreaming(
      .number(.clientStreaming), CallOptions())
    #expect(try await upload.requests.write(Number(1)))
    #expect(try await upload.requests.write(Number(2)))
    #expect(try await !upload.requests.write(Number(3)))
    #expect(try await upload.response().value == 9)
    #expect(channel.call.sent == [1, 2] && channel.call.isFinished)
  }

  @Test func aBidirectionalCallLivesAsLongAsEitherHalf() async throws {
    let channel = ScriptedChannel([1])
    func responses() async throws -> ResponseStream<Number> {
      let call: BidirectionalCall<Number, Number> = channel.bidirectionalStreaming(
        .number(.bidirectionalStreaming), CallOptions())
      try await call.requests.write(Number(4), compressed: false)
      call.requests.finish()
      return call.responses
    }
    func read() async throws {
      let stream = try await responses()
      #expect(!channel.call.isCancelled)
      let iterator = stream.makeAsyncIterator()
      #expect(try await iterator.next()?.value == 1)
      #expect(try await iterator.next() == nil)
    }
    try await read()
    #expect(channel.call.isCancelled && channel.call.isFinished)
    #expect(channel.call.uncompressed == 1)
  }

  @Test func aRecordKeepsTheLatestAttempt() {
    let record = CallRecord()
    record.began(peer: "a")
    record.received(initialMetadata: ["x": "1"])
    record.began(peer: "b")
    #expect(record.attempts == 2 && record.peer == "b" && record.initialMetadata == nil)
    record.receivedMessage(isCompressed: true)
    record.ended(.aborted, trailingMetadata: ["y": "2"])
    #expect(record.status == .aborted && record.trailingMetadata?.text("y") == "2" && record.isResponseCompressed)
  }
}

extension MethodDescriptor {
  fileprivate static func number(_ kind: Kind) -> MethodDescriptor {
    MethodDescriptor(service: "test.Numbers", name: "Call", kind: kind)
  }
}

extension Number {
  fileprivate init(_ value: Int64) { self = .with { $0.value = value } }
}

/// A channel whose one call gives numbers that are known, and notes what it is told.
private final class ScriptedChannel: ClientChannel {
  let call: ScriptedCall
  private let given = Mutex<CallOptions?>(nil)
  var options: CallOptions? { given.withLock { $0 } }

  init(_ responses: [Int64], error: RPCError? = nil, takes: Int = .max) {
    call = ScriptedCall(responses, error: error, takes: takes)
  }

  func makeCall(_ method: MethodDescriptor, _ options: CallOptions) -> any ClientCall {
    given.withLock { $0 = options }
    return call
  }
}

private final class ScriptedCall: ClientCall {
  struct State {
    var responses: ArraySlice<Int64>
    var sent: [Int64] = []
    var uncompressed = 0
    var isFinished = false
    var isCancelled = false
  }

  private let state: Mutex<State>
  private let error: RPCError?
  private let takes: Int

  init(_ responses: [Int64], error: RPCError?, takes: Int) {
    state = Mutex(State(responses: responses[...]))
    self.error = error
    self.takes = takes
  }

  var sent: [Int64] { state.withLock { $0.sent } }
  var uncompressed: Int { state.withLock { $0.uncompressed } }
  var isFinished: Bool { state.withLock { $0.isFinished } }
  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func send<Request: WireMessage>(_ message: Request, isLast: Bool, mayCompress: Bool) async throws -> Bool {
    let number = try Number(wireBytes: message.wireBytes()).value
    return state.withLock { state in
      guard state.sent.count < takes else { return false }
      state.sent.append(number)
      if !mayCompress { state.uncompressed += 1 }
      if isLast { state.isFinished = true }
      return true
    }
  }

  func finishRequests() { state.withLock { $0.isFinished = true } }

  func receive<Response: WireMessage>(as type: Response.Type) async throws -> Response? {
    if let number = state.withLock({ $0.responses.popFirst() }) {
      return try Response(wireBytes: Number(number).wireBytes())
    }
    if let error { throw error }
    return nil
  }

  func initialMetadata() async throws -> Metadata { ["from": "script"] }

  func cancel() { state.withLock { $0.isCancelled = true } }
}
