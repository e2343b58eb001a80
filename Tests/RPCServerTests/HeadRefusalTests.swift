import EventLoop
import ProtoWire
import RPCCore
import Synchronization
import TestPeer
import Testing

@testable import RPCServer

/// Interceptors that decide by a call's head, by the rules of Tests/Protos/guarded.proto.
@Suite struct HeadRefusalTests {
  // MARK: The contract

  @Test func methodsCarryTheirOptions() throws {
    let look = Guarded_V1_VaultMethods.look
    #expect(look.options.deprecated == true && look.idempotency == .noSideEffects)
    #expect(try look.options.Guarded_V1_rule == .with { $0.public = true } && look.options.Guarded_V1_cost == nil)
    let store = Guarded_V1_VaultMethods.store
    #expect(store.options.deprecated == nil && store.idempotency == .unknown)
    #expect(try store.options.Guarded_V1_rule?.scopes == ["vault.write", "admin"])
    // Its default, but said.
    #expect(try store.options.Guarded_V1_cost == 0)
    #expect(Guarded_V1_VaultMethods.forgotten.options == .init())
    // What protoc made of them.
    let file = try Google_Protobuf_FileDescriptorProto(wireBytes: ProtoFile.guarded.serialized)
    let methods = Guarded_V1_VaultMethods.service.methods
    #expect(methods.map(\.options) == file.service.first?.method.map { $0.options ?? .init() })
  }

  @Test func theContractDecides() async throws {
    let scope = HeaderField("authorization", "ada vault.write"), other = HeaderField("authorization", "ada vault.read")
    try await serving(services: [Vault()], interceptors: [Authentication()]) { server in
      let client = try await server.client()
      func status(_ method: MethodDescriptor, _ metadata: HeaderField...) async throws -> Int? {
        try await client.call(method.path, Bytes([1]), metadata: metadata).status
      }
      #expect(try await status(Guarded_V1_VaultMethods.look) == 0)
      for method in [Guarded_V1_VaultMethods.store, Guarded_V1_VaultMethods.put] {
        #expect(try await status(method) == 16)
        #expect(try await status(method, other) == 7)
        #expect(try await status(method, scope) == 0)
      }
      #expect(try await status(Guarded_V1_VaultMethods.forgotten, scope) == 7)
      // Handlers find the caller where the interceptor left it.
      let reply = try await client.call(Guarded_V1_VaultMethods.put.path, Bytes(), metadata: [scope])
      #expect(try reply.message(as: Bytes.self) == Bytes(Array("ada".utf8)))
      let stranger = try await client.call(Guarded_V1_VaultMethods.look.path, Bytes())
      #expect(try stranger.message(as: Bytes.self) == Bytes(Array("stranger".utf8)))
    }
  }

  // MARK: The wire

  static let contentTypes = ["application/grpc", "application/grpc-web+proto", "application/grpc-web-text"]

  private func request(_ contentType: String, _ method: MethodDescriptor) -> [HeaderField] {
    Peer.request(method.path).map { $0.name == "content-type" ? HeaderField($0.name, contentType) : $0 }
  }

  private func expectRefusal(_ frames: [Frame]) {
    #expect(frames.map(\.kind) == [.headers] && frames.last?.isEnd == true)
    #expect(frames.first?.field(":status") == "200" && frames.first?.field("grpc-status") == "16")
    #expect(frames.first?.field("grpc-message") == "who are you?")
    #expect(frames.first?.field("x-realm") == "vault" && frames.first?.field("grpc-status-details-bin") != nil)
  }

  /// Who may not call is not told what is wrong with the call.
  @Test func interceptorsAreAskedFirst() async throws {
    let timeout = HeaderField("grpc-timeout", "soon")
    try await serving(services: [Vault()], interceptors: [Authentication()]) { server in
      let client = try await server.client()
      let put = Guarded_V1_VaultMethods.put.path
      #expect(try await client.call(put, Bytes(), metadata: [timeout]).status == 16)
      let scope = HeaderField("authorization", "ada vault.write")
      #expect(try await client.call(put, Bytes(), metadata: [timeout, scope]).status == 13)
    }
  }

  /// HEADERS alone is answered, whole.
  @Test(arguments: contentTypes, [Guarded_V1_VaultMethods.put, Guarded_V1_VaultMethods.store])
  func theHeadAloneIsAnswered(contentType: String, method: MethodDescriptor) async throws {
    try await serving(services: [Vault()], interceptors: [Authentication()], { $0.web = WebConfiguration() }) {
      server in
      let peer = try await server.peer(streamWindow: 0)
      try await peer.send(.headers(1, request(contentType, method)))
      expectRefusal(try await peer.response(1))
      // The connection is as good as before.
      #expect(try await !peer.sync().contains { $0.kind == .goAway })
    }
  }

  /// A stranger gets no window for more than the first 64 KiB of its stream, and the server keeps nothing of them.
  @Test(arguments: contentTypes) func noBodyIsTaken(contentType: String) async throws {
    try await serving(services: [Vault()], interceptors: [Authentication()], { $0.web = WebConfiguration() }) {
      server in
      let peer = try await server.peer()
      // The prefix of a message of 4 MiB, and as much of it as the windows of the connection have room for.
      let piece = Array(([0, 0, 0x40, 0, 0] + bytes(16_384)).prefix(16_384))
      let head = request(contentType, Guarded_V1_VaultMethods.put)
      try await peer.send(.headers(1, head), .data(1, piece), .data(1, piece))
      var frames = try await peer.response(1)
      // HEADERS and nothing else, so no WINDOW_UPDATE; then the stream is closed.
      try await peer.send(.data(1, piece))
      frames += try await peer.collect { $0.stream == 1 && $0.kind == .rstStream }
      expectRefusal(frames.filter { $0.stream == 1 && $0.kind != .rstStream })
      try await peer.send(.data(1, [1, 2, 3]))
      frames += try await peer.sync()
      let kinds = frames.map(\.kind)
      #expect(!kinds.contains(.goAway))
      let held = await withCheckedContinuation { done in
        let owner = server.server.loops[0]
        owner.loop.execute { done.resume(returning: owner.heldBytes) }
      }
      #expect(held == 0)
    }
  }

  // MARK: Interceptors

  /// Notes what it is asked, and refuses where it is told to.
  private final class Noting: ServerInterceptor {
    let name: String
    let refuses: Bool
    let notes: Mutex<[String]>

    init(_ name: String, refuses: Bool = false) {
      self.name = name
      self.refuses = refuses
      notes = Mutex([])
    }

    func accept(_ context: ServerContext) throws(RPCError) {
      notes.withLock { $0.append("asked for \(context.method.name), after \(context[TrailKey.self] ?? "nobody")") }
      context[TrailKey.self] = name
      context.addTrailingMetadata(["x-last": name])
      if refuses { throw RPCError(.resourceExhausted, "not now") }
    }

    func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
      notes.withLock { $0.append("intercepts after \(context[TrailKey.self] ?? "nobody")") }
      try await next()
    }
  }

  private enum TrailKey: ContextKey { typealias Value = String }

  @Test func theFirstIsAskedFirst() async throws {
    let first = Noting("a"), second = Noting("b")
    try await serving([.echo], interceptors: [first, second]) { server in
      let client = try await server.client()
      #expect(try await client.call(path("Echo"), Bytes([1])).status == 0)
      // Nobody serves it: that is the answer, whoever asks.
      #expect(try await client.call(path("Nothing"), Bytes()).status == 12)
    }
    #expect(first.notes.withLock { $0 } == ["asked for Echo, after nobody", "intercepts after b"])
    #expect(second.notes.withLock { $0 } == ["asked for Echo, after a", "intercepts after b"])
  }

  /// Observers hear of the refusal, and nobody else of the call.
  @Test func aRefusedCallGoesNoFurther() async throws {
    let observer = CallObserverTests.Recorder(), refusing = Noting("a", refuses: true), later = Noting("b")
    try await serving([.echo], interceptors: [observer, refusing, later]) { server in
      let reply = try await server.client().call(path("Echo"), Bytes([1]))
      #expect(reply.status == 8 && reply.text == "not now" && reply.isTrailersOnly)
      #expect(reply.value("x-last", in: reply.trailers) == "a")
    }
    #expect(refusing.notes.withLock { $0 } == ["asked for Echo, after nobody"])
    #expect(later.notes.withLock { $0 }.isEmpty)
    #expect(observer.summary?.status == .resourceExhausted && observer.summary?.received.count == 0)
  }
}

/// Answers with the name of the caller.
private struct Vault: Guarded_V1_VaultProvider {
  func look(_ request: Bytes, context: ServerContext) async throws -> Bytes { caller(context) }
  func put(_ request: Bytes, context: ServerContext) async throws -> Bytes { caller(context) }
  func forgotten(_ request: Bytes, context: ServerContext) async throws -> Bytes { caller(context) }

  func store(_ requests: RequestStream<Bytes>, context: ServerContext) async throws -> Bytes {
    for try await _ in requests {}
    return caller(context)
  }

  private func caller(_ context: ServerContext) -> Bytes { Bytes(Array((context[CallerKey.self] ?? "stranger").utf8)) }
}

private enum CallerKey: ContextKey { typealias Value = String }

/// Takes `authorization: NAME SCOPE` for a token, and the rules from the contract.
private struct Authentication: ServerInterceptor {
  func accept(_ context: ServerContext) throws(RPCError) {
    let rule: Guarded_V1_Rule?
    do { rule = try context.method.options.Guarded_V1_rule } catch { throw RPCError(.internal, "\(error)") }
    guard let rule else { throw RPCError(.permissionDenied, "\(context.method) has no rule") }
    if rule.public { return }
    guard let token = context.requestMetadata.text("authorization")?.split(separator: " "), token.count == 2 else {
      let details = [ErrorDetail.errorInfo(reason: "NO_TOKEN", domain: "vault")]
      throw RPCError(.unauthenticated, "who are you?", details: details, metadata: ["x-realm": "vault"])
    }
    guard rule.scopes.contains(String(token[1])) else { throw RPCError(.permissionDenied, "that is not for you") }
    context[CallerKey.self] = String(token[0])
  }
}
