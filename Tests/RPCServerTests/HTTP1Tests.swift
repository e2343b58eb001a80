import EventLoop
import HTTP
import Primitives
import ProtoWire
import RPCCore
@testable import RPCServer
import TestPeer
import Testing
import Transport

/// HTTP/1.1 beside HTTP/2 on one port, over sockets.
@Suite struct HTTP1Tests {
  static let web = ["content-type: application/grpc-web+proto"]

  let entered = Gate()
  let go = Gate()

  func withWeb(
    _ methods: [MethodHandler], tls: TLSCredentials? = nil,
    _ configure: @escaping (inout ServerConfiguration) -> Void = { _ in },
    _ body: (TestServer) async throws -> Void
  ) async throws {
    try await serving(
      methods, tls: tls,
      {
        $0.web = WebConfiguration()
        configure(&$0)
      }, body)
  }

  /// Messages and trailers of a body of gRPC-Web.
  func parts(_ body: [UInt8]) -> (messages: [[UInt8]], trailers: String) {
    var body = body[...]
    var messages: [[UInt8]] = []
    while body.count >= 5 {
      let flag = body[body.startIndex]
      let length = body.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let content = Array(body.dropFirst(5).prefix(length))
      body = body.dropFirst(5 + length)
      if flag & 0x80 != 0 { return (messages, String(decoding: content, as: UTF8.self)) }
      messages.append(content)
    }
    return (messages, "")
  }

  func echo(_ value: [UInt8]) -> [UInt8] { grpcFrame(Bytes(value).wireBytes()) }

  // MARK: Which HTTP

  @Test func onePortServesBoth() async throws {
    try await withWeb([.echo]) { server in
      let old = try await HTTP1Peer(server.address)
      let answer = try await old.answer("POST", path("Echo"), Self.web, body: echo([1, 2]))
      #expect(answer.status == 200 && answer.field("content-type") == "application/grpc-web+proto")
      #expect(parts(answer.body).messages == [Bytes([1, 2]).wireBytes()])
      #expect(parts(answer.body).trailers == "grpc-status: 0\r\n")
      let new = try await server.client()
      #expect(try await new.call(path("Echo"), Bytes([3])).message(as: Bytes.self) == Bytes([3]))
    }
  }

  /// The preface of HTTP/2 in pieces, and what begins like it.
  @Test func thePrefaceDecidesWhereverItIsCut() async throws {
    try await serving([.echo]) { server in
      for place in 1..<Frame.preface.count {
        let peer = try await Peer(server.address)
        try await peer.send(Array(Frame.preface[..<place]))
        try await Task.sleep(for: .milliseconds(2))
        try await peer.send(Array(Frame.preface[place...]))
        try await peer.send(Frame.settings(), Frame.settingsAck)
        _ = try await peer.sync()
      }
      let other = try await HTTP1Peer(server.address)
      try await other.send("PRI * HTTP/2.0\r\n")
      try await Task.sleep(for: .milliseconds(2))
      try await other.send("\r\nGET")
      #expect(try await other.response().status == 505)
      #expect(try await other.rest().isEmpty)
    }
  }

  @Test(arguments: [["http/1.1"], []]) func onTLSItIsChosenByALPN(protocols: [String]) async throws {
    let certificates = TestCertificates.localhost
    var configuration = TLSClientConfiguration()
    configuration.authorities = .signedBy(certificates.pem("ca.pem"))
    configuration.applicationProtocols = protocols
    let context = try TLSClientContext(configuration)
    let scheme = MethodHandler.unary(.test("Name", .unary)) { (_: Bytes, context) in
      Bytes(Array((context.security?.applicationProtocol ?? "none").utf8))
    }
    try await withWeb([scheme], tls: TLSCredentials(certificates.configuration)) { server in
      let peer = try await HTTP1Peer(server.address, tls: (context, host: "localhost"))
      for _ in 0..<2 {
        let answer = try await peer.answer("POST", path("Name"), Self.web, body: echo([]))
        let name = try Bytes(wireBytes: parts(answer.body).messages.first ?? [])
        #expect(String(decoding: name.value, as: UTF8.self) == protocols.first ?? "none")
      }
    }
  }

  /// gRPC needs trailers: where a client of HTTP/1.1 says that it reads them, it is served.
  @Test(arguments: [true, false]) func gRPCNeedsTrailers(takesTrailers: Bool) async throws {
    try await serving([.echo]) { server in
      let peer = try await HTTP1Peer(server.address)
      let fields = ["content-type: application/grpc"] + (takesTrailers ? ["te: trailers"] : [])
      let answer = try await peer.answer("POST", path("Echo"), fields, body: echo([7]))
      #expect(answer.status == (takesTrailers ? 200 : 415))
      #expect(answer.trailers.map(\.name) == (takesTrailers ? ["grpc-status"] : []))
      if takesTrailers { #expect(answer.body == echo([7])) }
    }
  }

  // MARK: Requests and responses

  @Test func aConnectionServesManyCalls() async throws {
    try await withWeb([.echo, .count]) { server in
      let peer = try await HTTP1Peer(server.address)
      for length in [0, 1, 1000, 300_000, 3_000_000, 5] {
        let answer = try await peer.answer("POST", path("Echo"), Self.web, body: echo(bytes(length)))
        #expect(parts(answer.body).messages == [Bytes(bytes(length)).wireBytes()])
      }
      let stream = try await peer.answer(
        "POST", path("Count"), Self.web, body: grpcFrame(Number(1000).wireBytes()))
      #expect(parts(stream.body).messages.count == 1000 && stream.field("transfer-encoding") == "chunked")
    }
  }

  @Test func chunkedRequestsAreStreams() async throws {
    try await withWeb([.sum, .chat]) { server in
      let peer = try await HTTP1Peer(server.address)
      let head = "POST \(path("Sum")) HTTP/1.1\r\nhost: test\r\n\(Self.web[0])\r\ntransfer-encoding: chunked\r\n\r\n"
      try await peer.send(head)
      for number in 1...20 {
        let message = grpcFrame(Number(Int64(number)).wireBytes())
        try await peer.send(Array("\(String(message.count, radix: 16))\r\n".utf8) + message + [13, 10])
      }
      try await peer.send("0\r\n\r\n")
      #expect(parts(try await peer.response().body).messages == [Number(210).wireBytes()])
    }
  }

  /// Both directions at once: what HTTP/1.1 allows, though not all clients can.
  @Test func aStreamIsAnsweredWhileItComes() async throws {
    try await withWeb([.chat]) { server in
      let peer = try await Peer(server.address)
      try await peer.send(
        Array(
          "POST \(path("Chat")) HTTP/1.1\r\nhost: test\r\n\(Self.web[0])\r\ntransfer-encoding: chunked\r\n\r\n".utf8))
      for number in UInt8(1)...3 {
        let message = echo([number, 99])
        try await peer.send(Array("\(String(message.count, radix: 16))\r\n".utf8) + message + [13, 10])
        var seen: [UInt8] = []
        while !seen.contains(99) { seen += try await peer.read() }
        #expect(seen.contains(number))
      }
    }
  }

  @Test func pipelinedCallsAreAnsweredInOrder() async throws {
    try await withWeb([.echo, .wait(entered: entered, go: go)]) { server in
      let peer = try await HTTP1Peer(server.address)
      try await peer.request("POST", path("Wait"), Self.web, body: echo([0]))
      for number in UInt8(1)...50 { try await peer.request("POST", path("Echo"), Self.web, body: echo([number])) }
      try await entered.wait()
      go.open()
      for number in UInt8(0)...50 {
        #expect(parts(try await peer.response().body).messages == [Bytes([number]).wireBytes()])
      }
    }
  }

  @Test func aClientIsToldToContinueUnlessItsHeadIsRefused() async throws {
    try await withWeb([.echo]) { server in
      let peer = try await HTTP1Peer(server.address)
      let body = echo([1])
      func head(_ type: String) -> String {
        "POST \(path("Echo")) HTTP/1.1\r\nhost: test\r\n\(type)\r\ncontent-length: \(body.count)\r\n"
          + "expect: 100-continue\r\n\r\n"
      }
      try await peer.send(head(Self.web[0]))
      #expect(try await peer.response().status == 100)
      try await peer.send(body)
      #expect(try await peer.response().status == 200)
      try await peer.send(head("content-type: text/plain"))
      let refusal = try await peer.response()
      #expect(refusal.status == 415 && refusal.field("connection") == "close")
      #expect(try await peer.rest().isEmpty)
    }
  }

  @Test func whatIsNoCallIsAnsweredAndTheConnectionGoesOn() async throws {
    try await withWeb([.echo]) { server in
      let peer = try await HTTP1Peer(server.address)
      #expect(try await peer.answer("GET", "/").status == 405)
      let head = try await peer.answer("HEAD", "/")
      #expect(head.status == 405 && head.field("content-length") != nil)
      let answer = try await peer.answer("POST", "/x", ["content-type: text/plain"], body: bytes(20_000))
      #expect(answer.status == 415 && answer.field("content-length") == "\(answer.body.count)")
      #expect(try await peer.answer("POST", path("Echo"), Self.web, body: echo([1])).status == 200)
    }
  }

  @Test func routesAreServed() async throws {
    try await serving([]) {
      $0.routes = [
        HTTPRoute("GET", "/version") { _, _ in HTTPResponse(type: "text/plain", Array("1.0\n".utf8)) },
        HTTPRoute(streaming: "GET", "/stream") { request, _ in
          HTTPResponse(
            body: .stream { body in
              try await body.write(Array("one".utf8))
              if request.query == "fail" { throw RPCError(.aborted, "enough") }
            })
        },
      ]
    } _: { server in
      let peer = try await HTTP1Peer(server.address)
      let version = try await peer.answer("GET", "/version")
      #expect(version.text == "1.0\n" && version.field("content-length") == "4")
      let head = try await peer.answer("HEAD", "/version")
      #expect(head.status == 200 && head.field("content-length") == "4")
      let stream = try await peer.answer("GET", "/stream")
      #expect(stream.text == "one" && !stream.isCut && stream.field("transfer-encoding") == "chunked")
      // Trap 42: a stream that fails in its middle must not look complete.
      let broken = try await peer.answer("GET", "/stream?fail")
      #expect(broken.text == "one" && broken.isCut)
      #expect(try await peer.rest().isEmpty)
    }
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n", 400), ("GET / HTTP/1.0\r\n\r\n", 505),
    ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\n\r\n", 414), ("\u{16}\u{3}\u{1}\u{2}\u{0}", 400),
    ("GET / HTTP/1.1\r\nhost: a\r\nx: \(String(repeating: "a", count: 20_000))\r\n\r\n", 431),
    ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", 400),
  ])
  func whatCanNotBeReadIsAnsweredAndClosed(text: String, status: Int) async throws {
    try await serving([.echo]) { server in
      let peer = try await HTTP1Peer(server.address)
      try await peer.send(text)
      let answer = try await peer.response()
      #expect(answer.status == status && answer.field("connection") == "close")
      #expect(try await peer.rest().isEmpty)
    }
  }
}
