@testable import HTTP
import TestPeer
import Testing

/// Servers that send what costs them little and a client much, and honest ones that look like them.
struct HostileServerTests {
  /// Frames that nghttp2 takes, answers or drops; a client need not take them without end.
  enum Flood: CaseIterable {
    case pings, settings, unknownFrames, windowUpdates, informationalHeads, emptyData, dataOnClosedStream
    case headersOnClosedStream, resetsOfClosedStream

    /// On stream 1, which is open, and 3, which is over.
    var frame: Frame {
      switch self {
      case .pings: .ping(1)
      case .settings: .settings()
      case .unknownFrames: Frame(.unknown, stream: 1, [1, 2, 3])
      case .windowUpdates: .windowUpdate(1, 1)
      case .informationalHeads: .headers(1, [[":status", "103"]])
      case .emptyData: .data(1, [])
      case .dataOnClosedStream: .data(3, [1, 2, 3])
      case .headersOnClosedStream: .headers(3, [[":status", "103"]])
      case .resetsOfClosedStream: .reset(3, 8)
      }
    }
  }

  @Test(arguments: Flood.allCases)
  func aFloodEndsTheConnection(flood: Flood) throws {
    let server = try ScriptedServer()
    let call = try server.request("/a")
    let other = try server.request("/b")
    try server.answer(.settings(), .settingsAck, .headers(3, [[":status", "200"]], end: true))
    #expect(other.isClosed)
    if flood == .emptyData { try server.answer(.headers(1, [[":status", "200"]])) }
    let frame = flood.frame.bytes
    var failure: HTTP2Error?
    var last: Frame?
    for _ in 0..<300 where failure == nil {
      do {
        try server.feed(Array(repeatElement(frame, count: 100).joined()))
      } catch {
        failure = try #require(error as? HTTP2Error)
      }
      last = try server.output().of(.goAway).last ?? last
    }
    #expect(failure?.isAbusive == true)
    #expect(last?.number(at: 4) == 0xb)
    server.session.end()
    #expect(call.isClosed)
  }

  @Test func smallMessagesAreNoFlood() throws {
    let server = try ScriptedServer()
    let call = try server.request("/a")
    try server.answer(.settings(), .settingsAck, .headers(1, [[":status", "200"]]))
    for _ in 0..<12_000 {
      try server.feed(Frame.data(1, [0, 0, 0, 0, 0]).bytes)
      // Whoever reads messages says so when one is whole.
      server.session.messageArrived()
      server.session.credit(try #require(call.exchange), call.takeUncredited())
      _ = try server.output()
    }
    #expect(call.received.count == 60_000 && !call.isClosed)
  }

  /// What is under way when the client cancels is no abuse.
  @Test func dataThatCrossesAResetIsNoFlood() throws {
    let server = try ScriptedServer()
    try server.answer(.settings(), .settingsAck)
    for round in 0..<600 {
      let call = try server.request("/\(round)")
      let exchange = try #require(call.exchange)
      let stream = UInt32(exchange.id)
      try server.answer(.headers(stream, [[":status", "200"]]))
      server.session.abort(exchange, .cancelled)
      #expect(try server.output().of(.rstStream).count == 1)
      // As many frames as fit in the window.
      for _ in 0..<16 { try server.feed(Frame.data(stream, [UInt8](repeating: 1, count: 4096)).bytes) }
    }
  }

  @Test func acknowledgedUploadsAreNoFlood() throws {
    let pair = try SessionPair()
    pair.credits = true
    _ = try pair.request("/a", body: [UInt8](repeating: 1, count: 20_000_000))
    try pair.run()
    #expect(pair.server.stream(1).received.count == 20_000_000)
  }
}
