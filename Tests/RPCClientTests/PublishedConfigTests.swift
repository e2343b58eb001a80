import EventLoop
import Glibc
import RPCCore
import Synchronization
import TestPeer
import TestSupport
import Testing

@testable import RPCClient

/// Service configs in DNS: the answers of name servers, the choices, and what calls heed. gRFC A2.
@Suite(.timeLimit(.minutes(2))) struct PublishedConfigTests {
  // MARK: Answers

  /// A response with a question and TXT records; the names are pointers, as servers write them.
  private static func answer(_ records: [[String]], flags: UInt8 = 0) -> [UInt8] {
    var bytes: [UInt8] = [0, 1, 0x80 | flags, 0, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
    bytes += [1, 0x61, 0] + [0, 16, 0, 1]
    for record in records {
      let content = record.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
      bytes += [0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }
    return bytes
  }

  @Test func textsOfAnswers() {
    #expect(DNSAnswer.texts(Self.answer([])) == [])
    // The strings of a record belong together.
    #expect(DNSAnswer.texts(Self.answer([["a", "bc"], [], ["d"]])) == ["abc", "", "d"])
    // Records of other types, such as the CNAME on the way, are passed over.
    var other = Self.answer([["a"], ["b"]])
    other[12 + 7 + 3] = 5
    #expect(DNSAnswer.texts(other) == ["b"])
    #expect(DNSAnswer.texts(Self.answer([["a"]], flags: 2)) == nil)
    // A string that goes on behind its record.
    var long = Self.answer([["abc"]])
    long[long.count - 4] = 9
    #expect(DNSAnswer.texts(long) == nil)
  }

  @Test func malformedAnswers() {
    let whole = Self.answer([["abc", "de"], ["f"]])
    for length in 0..<whole.count { #expect(DNSAnswer.texts(Array(whole.prefix(length))) == nil) }
    var random = SeededGenerator(seed: 1)
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<3 {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = DNSAnswer.texts(bytes)
    }
  }

  // MARK: Choices

  private func timeout(_ records: [String], host: String = "here", percent: Int = 50) throws -> Duration? {
    try ServiceConfigChoice.config(records, host: host, percent: percent)?.methods[""]?.timeout
  }

  private static func choice(_ seconds: Int, _ conditions: String = "") -> String {
    #"{"serviceConfig": {"methodConfig": [{"name": [{}], "timeout": "\#(seconds)s"}]}\#(conditions)}"#
  }

  @Test func theFirstChoiceForThisClientCounts() throws {
    let choices = [
      Self.choice(1, #", "clientLanguage": ["go", "java"]"#), Self.choice(2, #", "clientHostName": ["there"]"#),
      Self.choice(3, #", "percentage": 20"#), Self.choice(4, #", "clientLanguage": ["Swift"], "percentage": 60"#),
      Self.choice(5),
    ]
    let records = ["v=spf1", "grpc_config=[\(choices.joined(separator: ", "))]", "grpc_config=nonsense"]
    #expect(try timeout(records) == .seconds(4))
    #expect(try timeout(records, host: "there") == .seconds(2))
    #expect(try timeout(records, percent: 19) == .seconds(3))
    #expect(try timeout(records, percent: 20) == .seconds(4))
    #expect(try timeout(records, percent: 60) == .seconds(5))
    #expect(try ServiceConfigChoice.config(["v=spf1"], host: "", percent: 0) == nil)
    #expect(try ServiceConfigChoice.config(["grpc_config=[\(choices[0])]"], host: "", percent: 0) == nil)
    for record in ["grpc_config=", "grpc_config={}", "grpc_config=[1]", #"grpc_config=[{"serviceConfig": 1}]"#] {
      #expect(throws: ChannelError.self) { try ServiceConfigChoice.config([record], host: "", percent: 0) }
    }
  }

  @Test func whatCantBeReadChangesNothing() async {
    let answers = Mutex<[Result<[String], TextRecords.Failure>]>([
      .failure(.noServerAnswered), .success(["grpc_config=[\(Self.choice(1))]"]), .success(["grpc_config=x"]),
      .failure(.malformed), .success([]),
    ])
    var fallback = ServiceConfig()
    fallback.methods[""] = .init()
    fallback.methods[""]?.timeout = .seconds(9)
    let published = PublishedConfig(of: "a.b", fallback: fallback) { name in
      #expect(name == "_grpc_config.a.b")
      return answers.withLock { $0.removeFirst() }
    }
    #expect(published.current == nil)
    for (isFault, seconds, version) in [(true, 9, 1), (false, 1, 2), (true, 1, 2), (true, 1, 2), (false, 9, 3)] {
      #expect((await published.renew() != nil) == isFault)
      #expect(published.current?.config.methods[""]?.timeout == .seconds(seconds))
      #expect(published.current?.version == version)
    }
  }

  // MARK: Channels

  /// Calls wait for the config, and then heed it, whatever was made of them before.
  @Test func callsHeedIt() async throws {
    let (entered, cancelled) = (Gate(), Gate())
    let record = """
      grpc_config=[{"serviceConfig": {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [
          {"name": [{"service": "test.Service", "method": "Park"}], "timeout": "0.05s"},
          {"name": [{}], "maxResponseMessageBytes": 100}
        ]}}]
      """
    try await serving([.echo, .park(entered: entered, cancelled: cancelled)]) { server in
      guard case .tcp(_, let port) = server.address else { return }
      var configuration = ChannelConfiguration()
      configuration.looksUpServiceConfig = true
      configuration.textLookUp = { name in
        #expect(name == "_grpc_config.localhost")
        for _ in 0..<20 { await Task.yield() }
        return .success([record])
      }
      let channel = try Channel("dns:///localhost:\(port)", configuration: configuration)
      let client = TestClient(channel)
      #expect(await client.status(of: "Park").code == .deadlineExceeded)
      #expect(await client.status(of: "Echo", bytes(200)).code == .resourceExhausted)
      #expect(try await client.echo(bytes(20)) == bytes(20))
      let balancing = channel.core.machineSettings.balancing
      #expect(balancing == .roundRobin)
    }
  }

  /// A name server that a test plays, over UDP.
  @Test func theSystemsResolverIsAsked() async throws {
    let server = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(server) }
    var own = sockaddr_in()
    own.sin_family = sa_family_t(AF_INET)
    own.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &own) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = bind(server, address, length)
        _ = getsockname(server, address, &length)
      }
    }
    let port = own.sin_port.bigEndian
    let replies: [@Sendable ([UInt8]) -> [UInt8]] = [
      // The question comes back with an answer behind it.
      { query in
        var reply = query
        reply[2] |= 0x80
        (reply[6], reply[7], reply[10], reply[11]) = (0, 1, 0, 0)
        var end = 12
        while query[end] != 0 { end += Int(query[end]) + 1 }
        return reply.prefix(end + 5) + [0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 3, 2, 0x68, 0x69]
      },
      // NXDOMAIN.
      { query in
        var reply = query
        reply[2] |= 0x80
        reply[3] = 0x83
        return reply
      },
    ]
    let answering = Task {
      try await whereBlockingIsFine {
        for reply in replies {
          var query = [UInt8](repeating: 0, count: 512)
          var peer = sockaddr_in()
          var size = socklen_t(MemoryLayout<sockaddr_in>.size)
          withUnsafeMutablePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
              let count = recvfrom(server, &query, query.count, 0, address, &size)
              let answer = reply(Array(query.prefix(max(count, 0))))
              _ = sendto(server, answer, answer.count, 0, address, size)
            }
          }
        }
      }
    }
    let records = TextRecords(server: (0x7f00_0001, port))
    #expect(await records.texts(of: "_grpc_config.a.test") == .success(["hi"]))
    #expect(await records.texts(of: "_grpc_config.b.test") == .success([]))
    try await answering.value
  }
}
