@testable import HTTP
import TestPeer
import Testing

/// A client's session against a server's, in memory.
struct ClientSessionTests {
  private let response = HeaderFields([":status", "200"], ["content-type", "text/plain"])

  @Test func aRequestAndItsResponse() throws {
    let pair = try SessionPair()
    let call = try pair.request("/a", body: [1, 2, 3])
    try pair.run()
    let served = pair.server.stream(1)
    #expect(served.head.text(":path") == "/a" && served.head.text("x") == "y")
    #expect(served.received == [1, 2, 3] && served.isRemoteClosed)
    #expect(call.seen.isEmpty)

    served.body = [4, 5]
    served.isBodyComplete = true
    served.responseTrailers = HeaderFields(["grpc-status", "0"])
    pair.server.respond(1, response, body: .unknown)
    try pair.run()
    #expect(call.log.map(\.rawValue).reduce(0, |) == 15)
    #expect(call.head.status == 200 && call.head.text("content-type") == "text/plain")
    #expect(call.received == [4, 5])
    #expect(call.trailers?.text("grpc-status") == "0" && call.trailers?.status == nil)
    #expect(call.isClosed && call.closeCode == .noError)
    #expect(pair.client.exchanges.isEmpty)
  }

  /// One header section is the head, also where it is the last.
  @Test func aResponseOfAHeadAlone() throws {
    let pair = try SessionPair()
    let call = try pair.request("/a")
    try pair.run()
    pair.server.respond(1, HeaderFields([":status", "200"], ["grpc-status", "5"]))
    try pair.run()
    #expect(call.seen == [.head, .end, .closed])
    #expect(call.head.text("grpc-status") == "5" && call.trailers == nil)
  }

  @Test func manyRequestsOnOneSession() throws {
    let pair = try SessionPair()
    for round in 0..<3 {
      let calls = try (0..<50).map { try pair.request("/\($0)", body: [UInt8($0)]) }
      try pair.run()
      for (index, call) in calls.enumerated().reversed() {
        let id = try #require(call.exchange?.id)
        #expect(id == Int32((round * 50 + index) * 2 + 1))
        #expect(pair.server.stream(id).received == [UInt8(index)])
        pair.server.respond(id, HeaderFields([":status", "20\(index % 10)"]))
      }
      try pair.run()
      for (index, call) in calls.enumerated() { #expect(call.head.status == 200 + index % 10 && call.isClosed) }
    }
  }

  /// Bodies larger than all windows; what the handlers take is credited.
  @Test func bodiesLargerThanTheWindows() throws {
    let pair = try SessionPair()
    let up = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let call = try pair.request("/a", body: up)
    try pair.run()
    #expect(pair.server.stream(1).received.count == 262_144)
    pair.credits = true
    try pair.run()
    #expect(pair.server.stream(1).received == up)

    pair.credits = false
    pair.server.stream(1).body = up
    pair.server.stream(1).isBodyComplete = true
    pair.server.respond(1, response, body: .unknown)
    try pair.run()
    #expect(call.received.count == 262_144)
    pair.credits = true
    try pair.run()
    #expect(call.received == up && call.isClosed)
  }

  @Test func aBodyThatComesLater() throws {
    let pair = try SessionPair()
    let call = try pair.request("/a", body: [], isComplete: false)
    try pair.run()
    #expect(pair.server.stream(1).seen == [.head])
    call.body = [7]
    pair.client.resumeBody(try #require(call.exchange))
    try pair.run()
    #expect(pair.server.stream(1).received == [7] && !pair.server.stream(1).isRemoteClosed)
    call.isBodyComplete = true
    call.responseTrailers = HeaderFields(["checksum", "1"])
    pair.client.resumeBody(try #require(call.exchange))
    try pair.run()
    #expect(pair.server.stream(1).trailers?.text("checksum") == "1" && pair.server.stream(1).isRemoteClosed)
  }

  // MARK: The server's limits

  @Test func theServersLimitOfStreamsIsKept() throws {
    let pair = try SessionPair { $0.maximumConcurrentStreams = 2 }
    try pair.run()
    #expect(pair.client.takeNotices() == .settings && pair.client.takeNotices() == [])
    #expect(pair.client.maximumExchanges == 2)
    let calls = try (0..<3).map { try pair.request("/\($0)") }
    try pair.run()
    #expect(pair.server.streams.keys.sorted() == [1, 3])
    pair.server.respond(3, response)
    try pair.run()
    #expect(calls[1].isClosed && pair.server.streams.keys.sorted() == [1, 3, 5])
    pair.server.respond(1, response)
    pair.server.respond(5, response)
    try pair.run()
    #expect(calls.allSatisfy { $0.head.status == 200 && $0.isClosed })
  }

  @Test func afterGoAwayRequestsAreRefusedUnsent() throws {
    let pair = try SessionPair { $0.maximumConcurrentStreams = 2 }
    let served = try pair.request("/served")
    try pair.run()
    _ = pair.client.takeNotices()
    pair.server.session.announceShutdown()
    try pair.run()
    #expect(pair.client.takeNotices() == .goAway)
    #expect(pair.client.goAway == GoAway(lastStream: .max, code: .noError, reason: ""))
    #expect(!pair.client.takesRequests)

    pair.server.session.refuseNewStreams()
    try pair.run()
    #expect(pair.client.goAway?.lastStream == 1)
    let late = try pair.request("/late")
    try pair.run()
    #expect(late.seen == .closed && late.closeCode == .refusedStream)
    pair.server.respond(1, response)
    try pair.run()
    #expect(served.head.status == 200 && served.isClosed)
    #expect(pair.client.isOver)
  }

  /// What was sent and not processed is told apart from what may have been.
  @Test func goAwayTellsWhatWasNotProcessed() throws {
    let server = try ScriptedServer()
    let calls = try (0..<3).map { try server.request("/\($0)") }
    try server.answer(.settings(), .goAway(last: 3, 0xb, reason: "too_many_pings"))
    #expect(
      server.session.goAway == GoAway(lastStream: 3, code: .enhanceYourCalm, reason: "too_many_pings"))
    #expect(calls.map(\.isClosed) == [false, false, true])
    #expect(calls[2].closeCode == .refusedStream)
    try server.answer(.headers(1, [[":status", "200"]], end: true))
    #expect(calls[0].head.status == 200 && calls[0].isClosed)
    server.session.end()
    #expect(calls[1].seen == .closed && calls[1].closeCode == .cancel)
  }

  // MARK: Responses

  @Test func informationalHeadsAreSkipped() throws {
    let server = try ScriptedServer()
    let call = try server.request("/a")
    try server.answer(
      .settings(), .headers(1, [[":status", "100"]]), .headers(1, [[":status", "103"], ["link", "<a>"]]))
    #expect(call.seen.isEmpty)
    try server.answer(.headers(1, [[":status", "200"]]), .data(1, [1]))
    #expect(call.seen == [.head, .data] && call.head.fields == [[":status", "200"]])
    try server.answer(.headers(1, [["grpc-status", "0"]], end: true))
    #expect(call.trailers?.fields == [["grpc-status", "0"]] && call.isClosed)
  }

  @Test(
    arguments: [
      [[]], [[":status", "2000"]], [[":status", "200"], ["Upper", "x"]],
      [[":status", "200"], ["connection", "close"]],
      [[":status", "200"], [":status", "200"]], [["a", "b"], [":status", "200"]], [[":path", "/"]],
    ] as [[HeaderField]])
  func aMalformedHeadEndsItsExchange(fields: [HeaderField]) throws {
    let server = try ScriptedServer()
    let call = try server.request("/a")
    let other = try server.request("/b")
    let fields = fields.filter { !$0.name.isEmpty }
    let answer = try server.answer(.settings(), .headers(1, fields), .headers(3, [[":status", "200"]], end: true))
    #expect(answer.of(.rstStream, stream: 1).map { $0.number() } == [1])
    #expect(call.seen == .closed && call.closeCode == .protocolError)
    #expect(other.head.status == 200)
  }

  @Test func aHeadThatIsTooLargeIsNotKept() throws {
    let server = try ScriptedServer()
    let call = try server.request("/a")
    let many = [HeaderField](repeating: ["x", "y"], count: 128)
    try server.answer(.settings(), .headers(1, [[":status", "200"]] + many))
    #expect(call.seen == .head && call.head.isOverLimit && call.head.fields.isEmpty)
  }

  @Test func resetsOfTheServerAreTold() throws {
    let server = try ScriptedServer()
    let calls = try (0..<3).map { try server.request("/\($0)") }
    try server.answer(.settings(), .reset(1, 7), .headers(3, [[":status", "200"]]), .reset(3, 2), .reset(5, 0x1234))
    #expect(calls.map(\.closeCode) == [.refusedStream, .internalError, HTTP2ErrorCode(rawValue: 0x1234)])
    #expect(calls.map(\.seen) == [.closed, [.head, .closed], .closed])
  }

  /// The response is whole before the request: the rest of the request is not wanted (RFC 9113, section 8.1).
  @Test func anEarlyResponseEndsTheRequest() throws {
    let pair = try SessionPair()
    let call = try pair.request("/a", body: [1], isComplete: false)
    try pair.run()
    pair.server.respond(1, response)
    try pair.run()
    #expect(call.seen.isSuperset(of: [.head, .end]) && call.head.status == 200)
    if let exchange = call.exchange { pair.client.abort(exchange, .cancelled) }
    try pair.run()
    #expect(call.isClosed && pair.server.stream(1).isClosed)
  }

  @Test func aResetReachesTheServer() throws {
    let pair = try SessionPair()
    let call = try pair.request("/a", body: [], isComplete: false)
    let unsent = try pair.request("/b")
    pair.client.abort(try #require(unsent.exchange), .cancelled)
    try pair.run()
    pair.client.abort(try #require(call.exchange), .cancelled)
    try pair.run()
    #expect(call.seen == .closed && call.closeCode == .cancel && unsent.isClosed)
    #expect(pair.server.stream(1).isClosed && pair.server.stream(1).closeCode == .cancel)
    // An exchange that is over can't be harmed.
    pair.client.abort(try #require(call.exchange), .cancelled)
    pair.client.credit(try #require(call.exchange), 1)
    pair.client.resumeBody(try #require(call.exchange))
    try pair.run()
    #expect(pair.client.takesRequests)
  }

  // MARK: The connection

  @Test func thePrefaceForbidsPushes() throws {
    let server = try ScriptedServer()
    #expect(server.settings.contains { $0.id == 2 && $0.value == 0 })
    _ = try server.request("/a")
    let push = Frame(
      .pushPromise, flags: Frame.endHeaders, stream: 1,
      bigEndian(2)
        + HeaderEncoder.encode([[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "a"]]))
    #expect(try server.answer(.settings(), .settingsAck, push).of(.goAway).first?.number(at: 4) == 1)
    #expect(server.session.isOver)
  }

  @Test func pingsAreAnswered() throws {
    let server = try ScriptedServer()
    #expect(try server.answer(.settings(), .ping(7)).of(.ping).map(\.payload) == [Frame.ping(7).payload])
    _ = server.session.takeNotices()
    server.session.ping()
    let ping = try #require(try server.output().of(.ping).first)
    try server.answer(Frame(.ping, flags: Frame.ack, ping.payload))
    #expect(server.session.takeNotices() == .pingAnswer)
  }

  @Test func aClientMaySayGoodbye() throws {
    let pair = try SessionPair()
    let call = try pair.request("/a")
    try pair.run()
    pair.client.shutDown()
    try pair.run()
    #expect(!pair.client.takesRequests && !pair.client.isOver)
    pair.server.respond(1, response)
    try pair.run()
    #expect(call.isClosed && pair.client.isOver)
  }

  @Test(arguments: [
    Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), Frame.data(1, [1]).bytes,
    Frame.settings().bytes + Frame.headers(2, [[":status", "200"]]).bytes,
    Frame.settings().bytes + Frame(.data, stream: 0, [1]).bytes,
    Frame.settings().bytes + Frame(.continuation, stream: 1, [1]).bytes,
  ])
  func whatIsNoHTTP2EndsTheConnection(bytes: [UInt8]) throws {
    let server = try ScriptedServer()
    let call = try server.request("/a")
    try server.feed(bytes)
    #expect(try server.output().of(.goAway).first.map { $0.number(at: 4) > 0 } == true)
    #expect(server.session.isOver)
    server.session.end()
    #expect(call.seen == .closed)
  }
}
