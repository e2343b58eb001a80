import Compression
import Foundation
import Primitives
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// gRPC-Web over HTTP/2, over sockets. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
@Suite struct WebTests {
  static let binary = "application/grpc-web+proto", text = "application/grpc-web-text"
  let origin = "https://app.example.com"

  struct Answer {
    var head: Frame
    var messages: [[UInt8]] = []
    /// The fields of the last frame of the body.
    var trailers: [String: String] = [:]

    /// Wherever it stands.
    var status: String? { trailers["grpc-status"] ?? head.field("grpc-status") }
    var isBodyEmpty = false
  }

  func request(_ method: String, _ contentType: String, _ more: [HeaderField] = []) -> [HeaderField] {
    [
      [":method", "POST"], [":scheme", "http"], [":path", path(method)], [":authority", "test"],
      ["content-type", contentType], ["x-grpc-web", "1"],
    ] + more
  }

  func exchange(
    _ server: TestServer, _ fields: [HeaderField], _ body: [UInt8]
  ) async throws -> Answer {
    let peer = try await server.peer(streamWindow: 1 << 20)
    try await peer.send(.headers(1, fields, end: body.isEmpty))
    if !body.isEmpty { try await peer.send(.data(1, body, end: true)) }
    return try await answer(peer.response(1))
  }

  func answer(_ frames: [Frame]) throws -> Answer {
    let frames = frames.filter { $0.kind == .headers || $0.kind == .data }
    var answer = Answer(head: try #require(frames.first))
    // Never more than one header section: a browser would not show the second.
    #expect(frames.filter { $0.kind == .headers }.count == 1)
    var body = frames.filter { $0.kind == .data }.flatMap(\.payload)
    answer.isBodyEmpty = body.isEmpty
    // What is not gRPC is answered for people.
    if answer.head.field("content-type") == "text/plain" { return answer }
    if answer.head.field("content-type")?.contains("text") == true {
      var decoder = Base64.Stream()
      body = try #require(body.withUnsafeBytes { decoder.decode($0) })
    }
    while body.count >= 5 {
      let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
      let content = Array(body.dropFirst(5).prefix(length))
      // Nothing may follow the trailers.
      #expect(answer.trailers.isEmpty)
      if body[0] & 0x80 == 0 { answer.messages.append(content) } else { answer.trailers = try fields(content) }
      body = Array(body.dropFirst(5 + length))
    }
    #expect(body.isEmpty)
    return answer
  }

  /// Lines, each with its CRLF.
  func fields(_ block: [UInt8]) throws -> [String: String] {
    let block = String(decoding: block, as: UTF8.self)
    #expect(block.hasSuffix("\r\n"))
    return Dictionary(
      try block.components(separatedBy: "\r\n").dropLast().map { line in
        let colon = try #require(line.range(of: ": "))
        return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
      }
    ) { first, _ in first }
  }

  func frame(_ message: some WireMessage, _ contentType: String) -> [UInt8] {
    let frame = grpcFrame(message.wireBytes())
    return contentType.contains("text") ? Base64.encodePadded(frame) : frame
  }

  // MARK: Messages

  @Test(arguments: [
    binary, text, "application/grpc-web", "application/grpc-web-text+proto", "application/grpc-web;x=y",
  ])
  func unary(type: String) async throws {
    try await serving([.echo], { $0.web = WebConfiguration() }) { server async throws in
      for length in [0, 1, 2, 3, 100, 5000] {
        let message = Bytes(bytes(length))
        let answer = try await exchange(server, request("Echo", type), frame(message, type))
        #expect(answer.head.field(":status") == "200" && answer.head.field("content-type") == type)
        #expect(answer.messages == [message.wireBytes()])
        #expect(answer.trailers == ["grpc-status": "0"])
      }
    }
  }

  @Test(arguments: [binary, text])
  func streams(type: String) async throws {
    try await serving([.count, .sum, .chat], { $0.web = WebConfiguration() }) { server async throws in
      let count = try await exchange(server, request("Count", type), frame(Number(1000), type))
      #expect(try count.messages.map { try Number(wireBytes: $0).value } == Array(1...1000) && count.status == "0")
      let requests = (1...3).flatMap { frame(Number($0), type) }
      let sum = try await exchange(server, request("Sum", type), requests)
      #expect(sum.messages == [Number(6).wireBytes()])
      // A stream without messages is a head alone.
      let none = try await exchange(server, request("Count", type), frame(Number(0), type))
      #expect(none.messages.isEmpty && none.status == "0" && none.isBodyEmpty)
    }
  }

  /// Each response leaves when it is written, and is whole in its text.
  @Test(arguments: [binary, text])
  func fullDuplex(type: String) async throws {
    try await serving([.chat], { $0.web = WebConfiguration() }) { server async throws in
      let peer = try await server.peer(streamWindow: 1 << 20)
      try await peer.send(.headers(1, request("Chat", type)))
      for length in [1, 2, 3] {
        try await peer.send(.data(1, frame(Bytes(bytes(length)), type)))
        let data = try await peer.wait(for: .data, stream: 1)
        #expect(data.payload == frame(Bytes(bytes(length)), type))
      }
      try await peer.send(.data(1, [], end: true))
      let last = try await peer.wait(for: .data, stream: 1)
      let trailers = grpcFrame(Array("grpc-status: 0\r\n".utf8), flag: 0x80)
      #expect(last.isEnd && last.payload == (type == Self.text ? Base64.encodePadded(trailers) : trailers))
    }
  }

  /// Text may be cut anywhere, and may come before the head was looked at.
  @Test func textThatComesByteByByte() async throws {
    try await serving([.echo], { $0.web = WebConfiguration() }) { server async throws in
      let peer = try await Peer(server.address)
      let body = frame(Bytes(bytes(50)), Self.text)
      let frames =
        [Frame.settings(), .headers(1, request("Echo", Self.text))]
        + body.map { .data(1, [$0]) } + [.data(1, [], end: true)]
      for byte in Frame.preface + frames.flatMap(\.bytes) { try await peer.send([byte]) }
      #expect(try await answer(peer.response(1)).messages == [Bytes(bytes(50)).wireBytes()])
    }
  }

  @Test(arguments: ["*", "AAAAAA=A", "AAAAABQKEg*==", "="])
  func whatIsNoBase64IsInternal(body: String) async throws {
    try await serving([.echo, .chat], { $0.web = WebConfiguration() }) { server async throws in
      for method in ["Echo", "Chat"] {
        let answer = try await exchange(server, request(method, Self.text), Array(body.utf8))
        #expect(answer.status == "13" && answer.messages.isEmpty)
      }
    }
  }

  @Test func compression() async throws {
    let codec = MessageCodec()
    let text = Bytes([UInt8](repeating: 65, count: 5000)).wireBytes()
    let compressed = try text.withUnsafeBytes { try codec.withCompressed($0, .gzip) { Array($0) } }
    try await serving(
      [.echo],
      {
        $0.web = WebConfiguration()
        $0.responseCompression = .gzip
      }
    ) { server async throws in
      for type in [Self.binary, Self.text] {
        let body = grpcFrame(compressed, flag: 1)
        let answer = try await exchange(
          server, request("Echo", type, [["grpc-encoding", "gzip"], ["grpc-accept-encoding", "gzip"]]),
          type == Self.text ? Base64.encodePadded(body) : body)
        #expect(answer.head.field("grpc-encoding") == "gzip" && answer.trailers == ["grpc-status": "0"])
        #expect(answer.messages == [compressed])
      }
    }
  }

  // MARK: Errors and metadata

  @Test(arguments: [binary, text])
  func errors(type: String) async throws {
    let fail = MethodHandler.serverStreaming(.test("Fail", .serverStreaming)) {
      (request: Number, responses: ResponseWriter<Bytes>, context) in
      context.addInitialMetadata(["x-initial": "1"])
      context.addTrailingMetadata(["x-trailing": "2"])
      for _ in 0..<request.value { try await responses.write(Bytes([1])) }
      throw RPCError(.aborted, "again: ☺", details: [.errorInfo(reason: "R", domain: "d")])
    }
    try await serving([fail], { $0.web = WebConfiguration() }) { server async throws in
      let late = try await exchange(server, request("Fail", type), frame(Number(2), type))
      #expect(late.messages.count == 2 && late.head.field("x-initial") == "1" && late.head.field("grpc-status") == nil)
      #expect(late.trailers["grpc-status"] == "10" && late.trailers["grpc-message"] == "again: %E2%98%BA")
      #expect(late.trailers["x-trailing"] == "2" && late.trailers["grpc-status-details-bin"] != nil)
      let early = try await exchange(server, request("Fail", type), frame(Number(0), type))
      #expect(early.head.field("x-initial") == "1" && early.head.field("grpc-status") == nil)
      #expect(early.trailers["grpc-status"] == "10" && early.trailers["x-trailing"] == "2")
      #expect(early.head.field("content-type") == type)
      let unknown = try await exchange(server, request("Nothing", type), frame(Number(0), type))
      #expect(unknown.status == "12")
      let late2 = try await exchange(server, request("Fail", type, [["grpc-timeout", "x"]]), frame(Number(0), type))
      #expect(late2.status == "13")
    }
  }

  @Test func cancellationReachesTheHandler() async throws {
    let entered = Gate(), cancelled = Gate()
    try await serving([.park(entered: entered, cancelled: cancelled)], { $0.web = WebConfiguration() }) {
      server async throws in
      let peer = try await server.peer()
      try await peer.send(.headers(1, request("Park", Self.binary)), .data(1, frame(Bytes(), Self.binary), end: true))
      try await entered.wait()
      try await peer.send(.reset(1, 8))
      try await cancelled.wait()
    }
  }

  @Test(arguments: [
    "application/grpc-web+json", "application/grpc-web-text+json", "application/grpc-web+thrift;x=y",
    "application/grpc-webfoo",
  ])
  func messagesThatAreNoProtobufAreUnsupported(type: String) async throws {
    try await serving([.echo], { $0.web = WebConfiguration() }) { server async throws in
      let answer = try await exchange(server, request("Echo", type), frame(Bytes([1]), Self.binary))
      #expect(answer.head.field(":status") == "415" && answer.head.field("grpc-status") == nil)
    }
  }
}
