import HTTP
import Primitives
import ProtoWire
import RPCCore
@testable import RPCServer
import TestPeer
import Testing

/// A new wire protocol is a file: this one. The whole body is a message, each way. The status is a field of the head,
/// or of the trailers once a message was sent.
private struct ToyProtocol: WireProtocol {
  let contentTypes = ["application/toy"]

  func accept(_ request: OfferedRequest) -> RequestHead? {
    guard request.contentType == "application/toy" else { return nil }
    var head = RequestHead(format: Format())
    // The method's name alone, whatever its service.
    head.route = request.head.text("toy-method").flatMap { name in
      Array("/test.Service/\(name)".utf8).withUnsafeBytes { request.core.router.route($0) }
    }
    if let milliseconds = request.head.text("toy-timeout") {
      head.timeout = UInt64(milliseconds).map { $0 * 1_000_000 }
      if head.timeout == nil { head.refusal = .init(RPCError(.invalidArgument, "toy-timeout is no number")) }
    }
    return head
  }

  private final class Format: CallFormat {
    let framing = MessageDeframer.Framing.wholeBody

    func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) {
      body.append(message)
    }

    func head(_ head: ResponseHead) -> HeaderFields {
      HeaderFields([(":status", Array("200".utf8))] + head.metadata.map { ($0.name, Metadata.wireValue($0.value)) })
    }

    func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
      HeaderFields([(":status", Array("500".utf8))] + status(of: end))
    }

    func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? {
      end.error == nil ? nil : HeaderFields(status(of: end))
    }

    private func status(of end: ResponseEnd) -> [(name: String, value: [UInt8])] {
      [("toy-status", Array("\(end.error?.code ?? .ok)".utf8))]
    }
  }
}

@Suite struct WireProtocolTests {
  private func request(_ method: String, _ more: [HeaderField] = []) -> [HeaderField] {
    [
      [":method", "POST"], [":scheme", "http"], [":path", "/toy"], [":authority", "test"],
      ["content-type", "application/toy"], ["toy-method", method],
    ] + more
  }

  private func answer(
    _ server: TestServer, _ fields: [HeaderField], _ pieces: [[UInt8]]
  ) async throws -> [Frame] {
    let peer = try await server.peer()
    // In one write: bytes of the body are there before the head was looked at.
    let body = pieces.enumerated().map { Frame.data(1, $1, end: $0 == pieces.count - 1) }
    try await peer.send(([.headers(1, fields)] + body).flatMap { $0.bytes })
    return try await peer.response(1)
  }

  private let serveToys: @Sendable (inout ServerConfiguration) -> Void = { $0.protocols = [ToyProtocol()] }

  @Test func aProtocolOfAFileServesCalls() async throws {
    try await serving([.echo, .count, .sum], serveToys) { server in
      let message = Bytes(bytes(1000)).wireBytes()
      let echo = try await answer(server, request("Echo"), [Array(message[..<300]), Array(message[300...]), []])
      #expect(echo.first?.field(":status") == "200" && echo.last?.isEnd == true)
      #expect(echo.filter { $0.kind == .data }.flatMap(\.payload) == message)
      // A stream of requests is a stream of one.
      let sum = try await answer(server, request("Sum"), [Number(7).wireBytes()])
      #expect(sum.filter { $0.kind == .data }.flatMap(\.payload) == Number(7).wireBytes())
      // gRPC stays as it is beside it.
      #expect(try await server.client().call(path("Echo"), Bytes([1])).message(as: Bytes.self) == Bytes([1]))
    }
  }

  @Test func itSaysNoInItsOwnWords() async throws {
    let fail = MethodHandler.serverStreaming(.test("Fail", .serverStreaming)) {
      (request: Number, responses: ResponseWriter<Number>, _) in
      for _ in 0..<request.value { try await responses.write(request) }
      throw RPCError(.aborted, "no")
    }
    try await serving(
      [.echo, fail],
      {
        $0.protocols = [ToyProtocol()]
        $0.maximumRequestSize = 100
      }
    ) { server in
      #expect(try await answer(server, request("Nothing"), [[]]).first?.field("toy-status") == "UNIMPLEMENTED")
      #expect(
        try await answer(server, request("Echo"), [bytes(101)]).first?.field("toy-status") == "RESOURCE_EXHAUSTED")
      let late = request("Echo", [["toy-timeout", "soon"]])
      #expect(try await answer(server, late, [[]]).first?.field("toy-status") == "INVALID_ARGUMENT")
      #expect(try await answer(server, request("Fail"), [[]]).first?.field("toy-status") == "ABORTED")
      let failed = try await answer(server, request("Fail"), [Number(2).wireBytes()])
      #expect(failed.first?.field(":status") == "200" && failed.last?.field("toy-status") == "ABORTED")
    }
  }

  @Test func itsContentTypeIsOffered() async throws {
    try await serving([.echo], serveToys) { server in
      let fields = request("Echo").map { $0.name == "content-type" ? HeaderField("content-type", "text/html") : $0 }
      let refused = try await answer(server, fields, [[]])
      #expect(refused.first?.field(":status") == "415")
      #expect(refused.first?.field("accept-post") == "application/grpc, application/toy")
    }
  }
}
