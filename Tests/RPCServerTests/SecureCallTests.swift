import Primitives
import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing
import Transport

/// Calls over TLS, with our own client at the other end.
@Suite struct SecureCallTests {
  private let certificates = TestCertificates.localhost

  private func context(_ configure: (inout TLSClientConfiguration) -> Void = { _ in }) throws -> TLSClientContext {
    var configuration = TLSClientConfiguration()
    configuration.authorities = .signedBy(certificates.pem("ca.pem"))
    configure(&configuration)
    return try TLSClientContext(configuration)
  }

  @Test(arguments: ["localhost", "127.0.0.1"]) func callsOfEveryKind(host: String) async throws {
    let credentials = try TLSCredentials(certificates.configuration)
    try await serving([.echo, .count, .sum, .chat], tls: credentials) { server in
      let client = try await TestClient(server.address, tls: (context(), host: host))
      for length in [0, 1, 20_000, 2_000_000] {
        let reply = try await client.call(path("Echo"), Bytes(bytes(length)))
        #expect(try reply.message(as: Bytes.self) == Bytes(bytes(length)))
      }
      #expect(try await client.call(path("Count"), Number(1000)).messages.count == 1000)
      let sum = try await client.start(path("Sum"))
      for number in 1...100 { try await sum.send(Number(Int64(number))) }
      try await sum.end()
      #expect(try await sum.finish().message(as: Number.self) == Number(5050))
      let chat = try await client.start(path("Chat"))
      for number in 0..<50 {
        try await chat.send(Bytes(bytes(number * 1000)))
        #expect(try await chat.next(as: Bytes.self) == Bytes(bytes(number * 1000)))
      }
      try await chat.end()
      #expect(try await chat.finish().status == 0)
    }
  }

  @Test func bothEndsKnowEachOther() async throws {
    let names = Mutex<[String]>([])
    let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      let security = context.security
      names.withLock {
        $0 += [security?.serverName ?? "", security?.applicationProtocol ?? ""]
        $0 += security?.peerCertificate?.identities ?? []
      }
      return request
    }
    var configuration = certificates.configuration
    configuration.clientCertificates = .required(signedBy: certificates.pem("ca.pem"))
    try await serving([look], tls: TLSCredentials(configuration)) { server in
      let mutual = try context {
        $0.certificate = TLSCertificate(chain: certificates.pem("client.pem"), key: certificates.pem("client-key.pem"))
      }
      let client = try await TestClient(server.address, tls: (mutual, host: "localhost"))
      #expect(try await client.call(path("Look")).status == 0)
      #expect(names.withLock { $0 } == ["localhost", "h2", "spiffe://development/client"])
      // Without a certificate it hears so behind the handshake, and no handler runs.
      await #expect(throws: (any Error).self) {
        let stranger = try await TestClient(server.address, tls: (context(), host: "localhost"))
        _ = try await stranger.call(path("Look"))
      }
      #expect(names.withLock { $0.count } == 3)
    }
  }

  @Test func aServerThatIsSomebodyElseIsNotCalled() async throws {
    let entered = Atomic(0)
    let count = MethodHandler.unary(.test("Count", .unary)) { (request: Bytes, _) in
      entered.add(1, ordering: .relaxed)
      return request
    }
    try await serving([count], tls: TLSCredentials(certificates.configuration)) { server in
      let error = await #expect(throws: SocketTransport.Failure.self) {
        _ = try await TestClient(server.address, tls: (context(), host: "other.example")).call(path("Count"))
      }
      guard case .tls(let reason) = error else { throw try #require(error) }
      #expect(reason.message.hasSuffix("hostname mismatch"))
      #expect(entered.load(ordering: .relaxed) == 0)
    }
  }
}
