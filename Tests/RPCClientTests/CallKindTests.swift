import EventLoop
import Glibc
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing
import Transport

/// Calls of all kinds, of every way to a server.
@Suite(.timeLimit(.minutes(2))) struct CallKindTests {
  private let certificates = TestCertificates.localhost

  private func everyKind(_ client: TestClient, largest: Int = 2_000_000) async throws {
    for length in [0, 1, 20_000, largest] {
      #expect(try await client.echo(bytes(length)) == bytes(length))
    }
    var sum: Int64 = 0
    for try await number in client.count(1000) { sum += number.value }
    #expect(sum == 500_500)
    let adder = client.sum()
    for number in 1...100 { #expect(try await adder.requests.write(Number(Int64(number)))) }
    #expect(try await adder.response() == Number(5050))
    let chat = client.chat()
    let answers = chat.responses.makeAsyncIterator()
    for number in 0..<50 {
      try await chat.requests.write(Bytes(bytes(number * 1000)))
      #expect(try await answers.next() == Bytes(bytes(number * 1000)))
    }
    chat.requests.finish()
    #expect(try await answers.next() == nil)
  }

  @Test func overTCP() async throws {
    try await serving([.echo, .count, .sum, .chat]) { server in try await everyKind(try server.client()) }
  }

  @Test func overAUnixSocket() async throws {
    let path = "/tmp/rpc-client-\(getpid()).sock"
    try await serving([.echo, .count, .sum, .chat], on: .unix(path: path)) { server in
      try await everyKind(TestClient(try Channel("unix:\(path)")))
    }
  }

  @Test func overTLS() async throws {
    let credentials = try TLSCredentials(certificates.configuration)
    try await serving([.echo, .count, .sum, .chat], tls: credentials) { server in
      try await everyKind(try server.client { $0.tls = try? trusting(certificates) })
    }
  }

  @Test func byGRPCWeb() async throws {
    let methods: [MethodHandler] = [.echo, .count, .sum, .chat]
    try await serving(methods, { $0.web = WebConfiguration() }) { server in
      try await everyKind(try server.client { $0.protocol = .grpcWeb })
      try await everyKind(
        try server.client {
          $0.protocol = .grpcWeb
          $0.requestCompression = .gzip
        })
    }
    let credentials = try TLSCredentials(certificates.configuration)
    try await serving(methods, tls: credentials, { $0.web = WebConfiguration() }) { server in
      try await everyKind(
        try server.client {
          $0.protocol = .grpcWeb
          $0.tls = try? trusting(certificates)
        })
    }
  }

  @Test func byName() async throws {
    try await serving([.echo, .count, .sum, .chat]) { server in
      guard case .tcp(_, let port) = server.address else { return }
      try await everyKind(TestClient(try Channel("dns:///localhost:\(port)")))
      try await everyKind(TestClient(try Channel("ipv4:127.0.0.1:\(port)")))
    }
  }

  /// From a task that is on no loop, over the loops of the channel.
  @Test func fromElsewhere() async throws {
    let server = try await TestServer.start([.echo, .count, .sum, .chat])
    let loops = try EventLoopGroup(count: 2, name: "client")
    let channel = try Channel(server.target, loops: loops)
    let client = TestClient(channel)
    try await everyKind(client)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<20 { group.addTask { try await everyKind(client, largest: 100_000) } }
      try await group.waitForAll()
    }
    #expect(await channel.connectivity() == [.ready, .ready])
    try await server.stop()
    try await whereBlockingIsFine { loops.shutdown() }
  }

  /// Requests and responses at the same time, more of them than any window or buffer takes.
  @Test func bothWaysAtOnce() async throws {
    try await serving([.chat]) { server in
      let chat = try server.client().chat()
      async let writing: Void = {
        for _ in 0..<200 { try await chat.requests.write(Bytes(bytes(20_000))) }
        chat.requests.finish()
      }()
      var count = 0
      for try await answer in chat.responses {
        #expect(answer.value.count == 20_000)
        count += 1
      }
      try await writing
      #expect(count == 200)
    }
  }

  @Test func metadataStatusAndDetails() async throws {
    let method = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      context.addInitialMetadata(["from": context.requestMetadata.text("who") ?? ""])
      context.addTrailingMetadata(["more": "x"])
      guard request.value.isEmpty else {
        throw RPCError(
          .notFound, "none: ü", details: [ErrorDetail(Number(7))], metadata: ["reason-bin": "ignored"])
      }
      return Bytes([1])
    }
    try await serving([method]) { server in
      let client = try server.client()
      let record = CallRecord()
      let options = CallOptions.with {
        $0.metadata = ["who": "me"]
        $0.record = record
      }
      #expect(try await client.call("Look", [], options) == [1])
      #expect(record.initialMetadata?.text("from") == "me" && record.trailingMetadata?.text("more") == "x")
      #expect(record.status == .ok && record.attempts == 1 && record.peer == server.address.description)
      let error = await client.status(of: "Look", [1], options)
      #expect(error.code == .notFound && error.message == "none: ü" && error.metadata.text("more") == "x")
      #expect(error.details.first(as: Number.self) == Number(7))
      #expect(record.status == .notFound)
      #expect(await client.status(of: "Nowhere").code == .unimplemented)
    }
  }

  @Test(arguments: [CompressionAlgorithm.gzip, .deflate, .zstd])
  func compression(_ algorithm: CompressionAlgorithm) async throws {
    let wasCompressed = Mutex(false)
    let method = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      wasCompressed.withLock { $0 = context.isRequestCompressed }
      context.responseCompression = algorithm
      return request
    }
    try await serving([method]) { server in
      let record = CallRecord()
      let options = CallOptions.with {
        $0.compression = algorithm
        $0.record = record
      }
      let zeros = [UInt8](repeating: 0, count: 100_000)
      #expect(try await server.client().call("Look", zeros, options) == zeros)
      #expect(wasCompressed.withLock { $0 } && record.isResponseCompressed)
      let small = try server.client { $0.maximumResponseSize = 50_000 }
      #expect(await small.status(of: "Look", zeros, options).code == .resourceExhausted)
      let none = try server.client { $0.acceptedCompression = [] }
      #expect(try await none.call("Look", zeros, options) == zeros)
      #expect(!record.isResponseCompressed)
    }
  }

  @Test func sizesAreLimited() async throws {
    try await serving([.echo, .chat]) { server in
      let client = try server.client {
        $0.maximumRequestSize = 1000
        $0.maximumResponseSize = 500
      }
      #expect(await client.status(of: "Echo", bytes(996)).code == .resourceExhausted)
      #expect(await client.status(of: "Echo", bytes(998)).message.contains("the client sends 1000"))
      #expect(try await client.echo(bytes(490)) == bytes(490))
      let wide = CallOptions.with { $0.maximumResponseSize = 1000 }
      #expect(try await client.echo(bytes(990), wide) == bytes(990))
    }
  }
}

/// Trusts the authority of the certificates.
func trusting(
  _ certificates: TestCertificates, _ configure: (inout TLSClientConfiguration) -> Void = { _ in }
) throws -> TLSClientContext {
  var configuration = TLSClientConfiguration()
  configuration.authorities = .signedBy(certificates.pem("ca.pem"))
  configure(&configuration)
  return try TLSClientContext(configuration)
}
