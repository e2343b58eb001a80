import EventLoop
import RPCCore
import RPCGateway
import RPCServer
import TestPeer

/// A server of the library in this process, which speaks JSON.
struct GatewayServer: Sendable {
  let address: SocketAddress

  struct Answer {
    let frames: [Frame]

    var status: Int { Int(field(":status") ?? "") ?? 0 }
    var bytes: [UInt8] { frames.filter { $0.kind == .data }.flatMap(\.payload) }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    /// The stream was reset.
    var isBroken: Bool { frames.last?.kind == .rstStream && frames.last?.number() != 0 }

    func field(_ name: String) -> String? { frames.first { $0.kind == .headers }?.field(name) }
  }

  func send(
    _ method: String, _ path: String, _ body: String? = nil, _ fields: [HeaderField] = [], type: String? = nil
  ) async throws -> Answer {
    try await send(method, path, bytes: body.map { [Array($0.utf8)] } ?? [], fields, type: type)
  }

  func send(
    _ method: String, _ path: String, bytes: [[UInt8]], _ fields: [HeaderField] = [], type: String? = nil
  ) async throws -> Answer {
    let peer = try await Peer(address)
    try await peer.start(streamWindow: 1 << 20)
    var head: [HeaderField] = [[":method", method], [":scheme", "http"], [":path", path], [":authority", "test"]]
    if !bytes.isEmpty { head.append(["content-type", type ?? "application/json"]) }
    let data = bytes.enumerated().map { Frame.data(1, $1, end: $0 == bytes.count - 1) }
    try await peer.send(([.headers(1, head + fields, end: bytes.isEmpty)] + data).flatMap { $0.bytes })
    return Answer(frames: try await peer.response(1))
  }
}

/// Serves the library while `body` runs.
func servingLibrary(_ body: (GatewayServer) async throws -> Void) async throws {
  try await servingLibrary({ _ in }, body)
}

/// Serves the library, with a configuration, while `body` runs.
func servingLibrary(
  _ configure: (inout ServerConfiguration) -> Void, _ body: (GatewayServer) async throws -> Void
) async throws {
  var configuration = ServerConfiguration()
  configure(&configuration)
  configuration.serve(try JSONGateway(services: [LibraryService()]))
  let group = try EventLoopGroup(count: 1, name: "test")
  let server = try GRPCServer(services: [LibraryService()], configuration: configuration, loops: group)
  let address = try server.listen(on: .tcp(host: "127.0.0.1", port: 0))[0]
  let result: Result<Void, any Error>
  do {
    try await TestLoop.run { try await body(GatewayServer(address: address)) }
    result = .success(())
  } catch {
    result = .failure(error)
  }
  await server.shutdown(grace: .zero)
  try await whereBlockingIsFine { group.shutdown() }
  try result.get()
}
