import Compression
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// Compression, over sockets. https://github.com/grpc/grpc/blob/master/doc/compression.md
@Suite struct CompressionTests {
  private static let real: [CompressionAlgorithm] = [.gzip, .deflate, .zstd]
  private let codec = MessageCodec()
  private let text = Bytes([UInt8](repeating: 65, count: 5000))

  private func compress(_ message: some WireMessage, _ algorithm: CompressionAlgorithm) throws -> [UInt8] {
    try message.wireBytes().withUnsafeBytes { try codec.withCompressed($0, algorithm) { Array($0) } }
  }

  private func decompress(_ bytes: [UInt8], _ algorithm: CompressionAlgorithm) throws -> [UInt8] {
    try bytes.withUnsafeBytes { try codec.withDecompressed($0, algorithm, limit: 1 << 24) { Array($0) } }
  }

  private struct Answer {
    var head: Frame
    var messages: [(flag: UInt8, bytes: [UInt8])] = []
    var trailers: Frame

    var status: String? { trailers.field("grpc-status") }
    var text: String { trailers.field("grpc-message") ?? "" }
  }

  /// Sends frames of messages as they are, and cuts up what is answered.
  private func exchange(
    _ server: TestServer, _ method: String, _ fields: [HeaderField] = [], _ frames: [[UInt8]]
  ) async throws -> Answer {
    let peer = try await server.peer(streamWindow: 1 << 20)
    try await peer.send(.headers(1, Peer.request(path(method), fields)), .data(1, frames.flatMap(\.self), end: true))
    let response = try await peer.response(1).filter { $0.kind != .windowUpdate }
    var answer = Answer(head: try #require(response.first), trailers: try #require(response.last))
    var rest = response.filter { $0.kind == .data }.flatMap(\.payload)[...]
    while rest.count >= 5 {
      let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
      answer.messages.append((rest[rest.startIndex], Array(rest.dropFirst(5).prefix(length))))
      rest = rest.dropFirst(5 + length)
    }
    return answer
  }

  // MARK: Requests

  @Test(arguments: real)
  func requestsMayBeCompressedOneByOne(algorithm: CompressionAlgorithm) async throws {
    try await serving([.echo, .chat]) { server in
      let plain = grpcFrame(text.wireBytes()), compressed = grpcFrame(try compress(text, algorithm), flag: 1)
      let one = try await exchange(server, "Echo", [["grpc-encoding", algorithm.name]], [compressed])
      #expect(one.status == "0")
      #expect(one.messages.map(\.bytes) == [text.wireBytes()] && one.messages.map(\.flag) == [0])
      // Whoever compresses is told what may be used, and nothing says that the answer is compressed.
      #expect(one.head.field("grpc-accept-encoding") == "identity,gzip,deflate,zstd")
      #expect(one.head.field("grpc-encoding") == nil)
      let several = try await exchange(
        server, "Chat", [["grpc-encoding", algorithm.name]], [compressed, plain, compressed, grpcFrame([])])
      #expect(several.status == "0")
      #expect(several.messages.map(\.bytes) == [text.wireBytes(), text.wireBytes(), text.wireBytes(), []])
    }
  }

  @Test(arguments: ["snappy", "GZIP", "", "gzip,deflate"])
  func anUnknownEncodingIsUnimplementedAndTheKnownOnesAreListed(name: String) async throws {
    try await serving([.echo]) { server in
      let answer = try await exchange(server, "Echo", [["grpc-encoding", name]], [grpcFrame(text.wireBytes())])
      #expect(answer.status == "12")
      #expect(answer.trailers.field("grpc-accept-encoding") == "identity,gzip,deflate,zstd")
      #expect(answer.text.contains("identity,gzip,deflate,zstd"))
    }
  }

  @Test func aServerMayAcceptLess() async throws {
    try await serving([.echo], { $0.acceptedCompression = [.zstd] }) { server in
      let refused = try await exchange(
        server, "Echo", [["grpc-encoding", "gzip"]], [grpcFrame(try compress(text, .gzip), flag: 1)])
      #expect(refused.status == "12" && refused.trailers.field("grpc-accept-encoding") == "identity,zstd")
      let taken = try await exchange(
        server, "Echo", [["grpc-encoding", "zstd"]], [grpcFrame(try compress(text, .zstd), flag: 1)])
      #expect(taken.status == "0")
    }
  }

  @Test(arguments: [nil, "identity"])
  func aCompressedMessageWithoutAnEncodingIsInternal(encoding: String?) async throws {
    try await serving([.echo]) { server in
      let fields: [HeaderField] = encoding.map { [["grpc-encoding", $0]] } ?? []
      let answer = try await exchange(server, "Echo", fields, [grpcFrame(try compress(text, .gzip), flag: 1)])
      #expect(answer.status == "13" && answer.text.contains("grpc-encoding"))
    }
  }

  @Test(arguments: real)
  func whatIsNotWhatItSaysIsInternal(algorithm: CompressionAlgorithm) async throws {
    try await serving([.echo, .chat]) { server in
      let whole = try compress(text, algorithm)
      for message in [[], [1, 2, 3], text.wireBytes(), Array(whole.dropLast()), whole + [0]] {
        for method in ["Echo", "Chat"] {
          let answer = try await exchange(
            server, method, [["grpc-encoding", algorithm.name]], [grpcFrame(message, flag: 1)])
          #expect(answer.status == "13" && answer.messages.isEmpty)
        }
      }
      for flag: UInt8 in [2, 0x80, 0xff] {
        let answer = try await exchange(
          server, "Echo", [["grpc-encoding", algorithm.name]], [grpcFrame(whole, flag: flag)])
        #expect(answer.status == "13")
      }
    }
  }

  /// The limit counts what is in a message, to the byte.
  @Test(arguments: real)
  func aBombIsResourceExhausted(algorithm: CompressionAlgorithm) async throws {
    let size = text.wireBytes().count
    let message = grpcFrame(try compress(text, algorithm), flag: 1)
    for (limit, status) in [(size - 1, "8"), (size, "0"), (size + 1, "0")] {
      try await serving([.echo], { $0.maximumRequestSize = limit }) { server in
        let answer = try await exchange(server, "Echo", [["grpc-encoding", algorithm.name]], [message])
        #expect(answer.status == status)
      }
    }
    try await serving([.echo]) { server in
      let bomb = try compress(Bytes([UInt8](repeating: 0, count: 12_000_000)), algorithm)
      let answer = try await exchange(server, "Echo", [["grpc-encoding", algorithm.name]], [grpcFrame(bomb, flag: 1)])
      #expect(answer.status == "8")
      #expect(answer.text.contains("4194304"))
    }
  }

  // MARK: Responses

  /// What the client accepts, and what then is used.
  @Test(arguments: real)
  func responsesAreCompressedIfTheClientTakesIt(algorithm: CompressionAlgorithm) async throws {
    try await serving([.echo, .chat], { $0.responseCompression = algorithm }) { server in
      let request = grpcFrame(text.wireBytes())
      for accepted in [algorithm.name, "identity, \(algorithm.name)", "x,\(algorithm.name) ,y"] {
        let answer = try await exchange(server, "Chat", [["grpc-accept-encoding", accepted]], [request, request])
        #expect(answer.head.field("grpc-encoding") == algorithm.name)
        #expect(answer.head.field("grpc-accept-encoding") != nil)
        #expect(answer.messages.map(\.flag) == [1, 1] && answer.status == "0")
        #expect(
          try answer.messages.map { try decompress($0.bytes, algorithm) } == [text.wireBytes(), text.wireBytes()])
      }
      for accepted in [[], [["grpc-accept-encoding", "identity"]], [["grpc-accept-encoding", "x\(algorithm.name)"]]]
        as [[HeaderField]]
      {
        let answer = try await exchange(server, "Echo", accepted, [request])
        #expect(answer.head.field("grpc-encoding") == nil)
        #expect(answer.messages.map(\.flag) == [0] && answer.messages.map(\.bytes) == [text.wireBytes()])
      }
    }
  }

  /// What would only get larger goes as it is.
  @Test func smallMessagesGoAsTheyAre() async throws {
    try await serving([.echo], { $0.responseCompression = .gzip }) { server in
      let answer = try await exchange(
        server, "Echo", [["grpc-accept-encoding", "gzip"]], [grpcFrame(Bytes([1]).wireBytes())])
      #expect(answer.messages.map(\.flag) == [0] && answer.status == "0")
    }
  }

  @Test func aHandlerChoosesForItsCallAndEachMessage() async throws {
    let choose = MethodHandler.bidirectionalStreaming(.test("Choose", .bidirectionalStreaming)) {
      (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, context) in
      context.responseCompression = .zstd
      for try await request in requests {
        try await responses.write(request, compressed: false)
        try await responses.write(request)
        context.responseCompression = .identity
        try await responses.write(request)
        context.responseCompression = .zstd
      }
    }
    try await serving([choose], { $0.responseCompression = .gzip }) { server in
      let request = grpcFrame(text.wireBytes())
      let answer = try await exchange(server, "Choose", [["grpc-accept-encoding", "gzip,zstd"]], [request, request])
      #expect(answer.head.field("grpc-encoding") == "zstd")
      #expect(answer.messages.map(\.flag) == [0, 1, 0, 0, 1, 0])
      #expect(try decompress(answer.messages[1].bytes, .zstd) == text.wireBytes())
    }
  }

  @Test func aHeadThatGoesAheadSaysWhatMessagesWillBe() async throws {
    let ahead = MethodHandler.serverStreaming(.test("Ahead", .serverStreaming)) {
      (request: Bytes, responses: ResponseWriter<Bytes>, context) in
      context.responseCompression = .deflate
      try await responses.sendInitialMetadata()
      context.responseCompression = .gzip
      try await responses.write(request)
    }
    try await serving([ahead]) { server in
      let answer = try await exchange(
        server, "Ahead", [["grpc-accept-encoding", "gzip,deflate"]], [grpcFrame(text.wireBytes())])
      #expect(answer.head.field("grpc-encoding") == "deflate")
      #expect(answer.messages.map(\.flag) == [1])
      #expect(try decompress(try #require(answer.messages.first).bytes, .deflate) == text.wireBytes())
    }
  }

  @Test func aHandlerMayTurnTheServersCompressionOff() async throws {
    let off = MethodHandler.unary(.test("Off", .unary)) { (request: Bytes, context) in
      context.responseCompression = .identity
      return request
    }
    try await serving([off], { $0.responseCompression = .gzip }) { server in
      let answer = try await exchange(server, "Off", [["grpc-accept-encoding", "gzip"]], [grpcFrame(text.wireBytes())])
      #expect(answer.head.field("grpc-encoding") == nil && answer.messages.map(\.flag) == [0])
    }
  }

  @Test func aHandlerSeesWhichRequestsWereCompressed() async throws {
    let look = MethodHandler.bidirectionalStreaming(.test("Look", .bidirectionalStreaming)) {
      (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, context) in
      for try await _ in requests { try await responses.write(Bytes([context.isRequestCompressed ? 1 : 0])) }
    }
    try await serving([look]) { server in
      let plain = grpcFrame(text.wireBytes()), compressed = grpcFrame(try compress(text, .gzip), flag: 1)
      let answer = try await exchange(server, "Look", [["grpc-encoding", "gzip"]], [compressed, plain, compressed])
      #expect(try answer.messages.map { try Bytes(wireBytes: $0.bytes).value } == [[1], [0], [1]])
    }
  }

  /// Without compression nothing of it is on the wire.
  @Test func nothingIsSaidWhereNothingIsCompressed() async throws {
    try await serving([.echo]) { server in
      let answer = try await exchange(
        server, "Echo", [["grpc-accept-encoding", "gzip"], ["grpc-encoding", "identity"]], [grpcFrame(text.wireBytes())]
      )
      #expect(answer.head.fields == [[":status", "200"], ["content-type", "application/grpc"]])
    }
  }
}
