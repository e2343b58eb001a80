import Compression
import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// What observers hear of calls, over sockets.
@Suite struct CallObserverTests {
  /// Writes down all that it hears.
  final class Recorder: ServerInterceptor, CallObserver {
    struct Heard {
      var starts: [String] = []
      var received: [MessageInfo] = []
      var sent: [MessageInfo] = []
      var summaries: [CallSummary] = []
    }

    let heard = Mutex(Heard())
    let ended = Gate()

    func callStarted(_ start: CallStart) -> (any CallObserver)? {
      heard.withLock { $0.starts.append(start.methodName) }
      return self
    }

    func received(_ message: MessageInfo) { heard.withLock { $0.received.append(message) } }
    func sent(_ message: MessageInfo) { heard.withLock { $0.sent.append(message) } }

    func ended(_ summary: CallSummary) {
      heard.withLock { $0.summaries.append(summary) }
      ended.open()
    }

    var summary: CallSummary? { heard.withLock { $0.summaries.count == 1 ? $0.summaries[0] : nil } }
  }

  /// One call of each kind; all are told alike.
  @Test(
    arguments: [
      ("Echo", [10], [10]), ("Count", [3], [1, 2, 3]), ("Sum", [1, 2], [3]), ("Chat", [5, 6], [5, 6]),
    ] as [(String, [Int], [Int])])
  func allKindsAreObserved(method: String, requests: [Int], responses: [Int]) async throws {
    let recorder = Recorder()
    func message(_ number: Int) -> [UInt8] {
      method == "Echo" || method == "Chat" ? Bytes(bytes(number)).wireBytes() : Number(Int64(number)).wireBytes()
    }
    try await serving([.echo, .count, .sum, .chat], interceptors: [recorder]) { server in
      let call = try await server.client().start(path(method))
      for (index, request) in requests.enumerated() {
        try await call.send(bytes: message(request), end: index == requests.count - 1)
      }
      #expect(try await call.finish().status == 0)
    }
    let heard = recorder.heard.withLock { $0 }
    #expect(heard.starts == ["test.Service/\(method)"])
    #expect(heard.received.map(\.index) == Array(requests.indices))
    #expect(heard.received.map(\.size) == requests.map { message($0).count })
    #expect(heard.sent.map(\.size) == responses.map { message($0).count })
    let summary = try #require(recorder.summary)
    #expect(summary.status == .ok && summary.duration > .zero)
    #expect(summary.received.count == requests.count && summary.sent.count == responses.count)
    #expect(summary.received.wireSize == heard.received.reduce(0) { $0 + $1.size })
    #expect(summary.sent.wireSize == heard.sent.reduce(0) { $0 + $1.size })
  }

  @Test func sizesAreThoseOnTheWire() async throws {
    let recorder = Recorder()
    let text = Bytes([UInt8](repeating: 65, count: 5000)).wireBytes()
    let compressed = try text.withUnsafeBytes { try MessageCodec().withCompressed($0, .gzip) { Array($0) } }
    try await serving([.echo], interceptors: [recorder], { $0.responseCompression = .gzip }) { server in
      let peer = try await server.peer()
      try await peer.send(
        .headers(1, Peer.request(path("Echo"), [["grpc-encoding", "gzip"], ["grpc-accept-encoding", "gzip"]])),
        .data(1, grpcFrame(compressed, flag: 1), end: true))
      _ = try await peer.response(1)
    }
    for message in recorder.heard.withLock({ $0.received + $0.sent }) {
      #expect(message == MessageInfo(index: 0, size: text.count, compressedSize: compressed.count))
    }
    #expect(recorder.summary?.received.wireSize == compressed.count)
    #expect(recorder.summary?.sent.wireSize == compressed.count)
  }

  /// Calls that no handler saw end too, with what the client was told.
  @Test func refusedCallsAreTold() async throws {
    let cases: [(String, [HeaderField], StatusCode)] = [
      ("Nothing", [], .unimplemented), ("Echo", [["grpc-encoding", "x"]], .unimplemented),
      ("Echo", [["grpc-timeout", "x"]], .internal),
    ]
    for (method, fields, status) in cases {
      let recorder = Recorder()
      try await serving([.echo], interceptors: [recorder]) { server in
        let reply = try await server.client().call(path(method), Bytes(), metadata: fields)
        #expect(reply.status == status.rawValue)
      }
      #expect(recorder.summary?.status == status)
      #expect(recorder.heard.withLock { $0.starts } == [method == "Nothing" ? "other" : "test.Service/Echo"])
    }
  }

  @Test func errorsDeadlinesAndCancellationsAreTold() async throws {
    let entered = Gate(), cancelled = Gate()
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in throw RPCError(.aborted, "") }
    var recorder = Recorder()
    try await serving([fail], interceptors: [recorder]) { server in
      let reply = try await server.client().call(path("Fail"), Bytes())
      #expect(reply.status == 10)
    }
    #expect(recorder.summary?.status == .aborted && recorder.summary?.sent.count == 0)

    recorder = Recorder()
    try await serving([.park(entered: Gate(), cancelled: Gate())], interceptors: [recorder]) { server in
      let reply = try await server.client().call(path("Park"), Bytes(), metadata: [["grpc-timeout", "20m"]])
      #expect(reply.status == 4)
    }
    #expect(recorder.summary?.status == .deadlineExceeded)

    // The deadline may pass before the request is whole, and the client may leave.
    recorder = Recorder()
    try await serving([.echo], interceptors: [recorder]) { server in
      let reply = try await server.client().start(path("Echo"), metadata: [["grpc-timeout", "20m"]]).finish()
      #expect(reply.status == 4)
    }
    #expect(recorder.summary?.status == .deadlineExceeded)

    recorder = Recorder()
    try await serving([.park(entered: entered, cancelled: cancelled)], interceptors: [recorder]) { server in
      let call = try await server.client().start(path("Park"))
      try await call.send(Bytes(), end: true)
      try await entered.wait()
      try await call.cancel()
      try await cancelled.wait()
      try await recorder.ended.wait()
    }
    #expect(recorder.summary?.status == .cancelled)
  }

  @Test func aLostConnectionEndsItsCalls() async throws {
    let recorder = Recorder()
    try await serving([.chat], interceptors: [recorder]) { server in
      let client = try await server.client()
      let call = try await client.start(path("Chat"))
      try await call.send(Bytes([1]))
      _ = try await call.next()
      client.close()
      try await recorder.ended.wait()
    }
    #expect(recorder.summary?.status == .cancelled)
    #expect(recorder.summary?.received.count == 1 && recorder.summary?.sent.count == 1)
  }

  @Test func handlersFindTheirObserver() async throws {
    let recorder = Recorder()
    let found = Mutex<[Bool]>([])
    let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      let observer: Recorder? = context.observer()
      found.withLock { $0.append(observer === recorder) }
      return request
    }
    try await serving([look], interceptors: [recorder]) { server in
      let reply = try await server.client().call(path("Look"), Bytes())
      #expect(reply.status == 0)
    }
    #expect(found.withLock { $0 } == [true])
  }
}
