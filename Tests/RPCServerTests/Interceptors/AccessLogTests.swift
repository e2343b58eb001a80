import Logging
import ProtoWire
import RPCCore
import RPCDiagnostics
import RPCServer
import Synchronization
import TestPeer
import Testing

@Suite struct AccessLogTests {
  /// Keeps what is logged.
  final class Lines: Sendable {
    let lines = Mutex<[Logger.Metadata]>([])

    func logger(_ level: Logger.Level = .info) -> Logger {
      var logger = Logger(label: "test") { _ in Handler(lines: self) }
      logger.logLevel = level
      return logger
    }

    struct Handler: LogHandler {
      let lines: Lines
      var logLevel = Logger.Level.info
      var metadata = Logger.Metadata()

      subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
      }

      func log(event: LogEvent) {
        lines.lines.withLock { $0.append(event.metadata ?? [:]) }
      }
    }
  }

  @Test func eachCallIsALine() async throws {
    let lines = Lines()
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in
      throw RPCError(.notFound, "secret")
    }
    try await serving([.echo, fail], interceptors: [AccessLog(logger: lines.logger())]) { server in
      let client = try await server.client()
      #expect(
        try await client.call(path("Echo"), Bytes(bytes(100)), metadata: [["authorization", "secret"]]).status == 0)
      #expect(try await client.call(path("Fail"), Bytes()).status == 5)
      #expect(try await client.call("/made/up", Bytes()).status == 12)
    }
    let logged = lines.lines.withLock { $0 }
    #expect(logged.map { $0["method"] } == ["test.Service/Echo", "test.Service/Fail", "other"])
    #expect(logged.map { $0["status"] } == ["OK", "NOT_FOUND", "UNIMPLEMENTED"])
    #expect(logged.map { $0["request_bytes"] } == ["102", "0", "0"])
    #expect(logged.map { $0["response_messages"] } == ["1", "0", "0"])
    for line in logged {
      #expect(line["peer"].map { "\($0)".hasPrefix("127.0.0.1:") } == true)
      #expect(line["duration_us"].flatMap { Int("\($0)") } != nil)
      #expect(!"\(line)".contains("secret"))
    }
  }

  /// Also of a call that is refused because of who calls.
  @Test func callersAreNamed() async throws {
    struct Naming: ServerInterceptor {
      func accept(_ context: ServerContext) throws(RPCError) {
        var names: [String] = []
        context.forEachRequestValue(of: "x-name") { names.append(String(decoding: $0, as: UTF8.self)) }
        for name in names { context.identifyCaller(name) }
        if names.count > 1 { throw RPCError(.permissionDenied, "one name only") }
      }
    }
    let lines = Lines()
    try await serving([.echo], interceptors: [AccessLog(logger: lines.logger()), Naming()]) { server in
      let client = try await server.client()
      #expect(try await client.call(path("Echo"), Bytes()).status == 0)
      #expect(try await client.call(path("Echo"), Bytes(), metadata: [["x-name", "ada"]]).status == 0)
      let both: [HeaderField] = [["x-name", "ada"], ["x-name", "bob"]]
      #expect(try await client.call(path("Echo"), Bytes(), metadata: both).status == 7)
    }
    #expect(lines.lines.withLock { $0.map { $0["caller"] } } == [nil, "ada", "bob"])
  }

  @Test func aLevelThatIsOffLogsNothing() async throws {
    let lines = Lines()
    #expect(AccessLog(logger: lines.logger(.warning)).callStarted(CallStart(method: nil)) == nil)
  }
}
