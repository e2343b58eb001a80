import EventLoop
import HTTP
import Primitives
import ProtoWire
import RPCCore
@testable import RPCServer
import TestPeer
import Testing
import Transport

/// Slow ends, times and shutdown.
extension HTTP1Tests {
  // MARK: Slow ends

  @Test func aSlowHandlerIsNotFlooded() async throws {
    let slow = MethodHandler.clientStreaming(.test("Slow", .clientStreaming)) {
      [entered, go] (requests: RequestStream<Bytes>, _) in
      var sum: Int64 = 0
      for try await request in requests {
        if sum == 0 {
          entered.open()
          await go.passed()
        }
        sum += Int64(request.value.count)
      }
      return Number(sum)
    }
    try await withWeb([slow]) { server in
      let peer = try await HTTP1Peer(server.address)
      let message = grpcFrame(Bytes(bytes(100_000)).wireBytes())
      let head =
        "POST \(path("Slow")) HTTP/1.1\r\nhost: test\r\n\(Self.web[0])\r\n"
        + "content-length: \(message.count * 200)\r\n\r\n"
      try await peer.send(head)
      let look = Task { [entered, go] in
        try await entered.wait()
        let owner = server.server.loops[0]
        defer { go.open() }
        return await withCheckedContinuation { done in owner.loop.execute { done.resume(returning: owner.heldBytes) } }
      }
      for _ in 0..<200 { try await peer.send(message) }
      #expect(try await look.value < 1 << 20)
      #expect(parts(try await peer.response().body).messages == [Number(20_000_000).wireBytes()])
    }
  }

  @Test func aSlowClientHoldsUpItsHandler() async throws {
    let ended = Gate()
    let flood = MethodHandler.serverStreaming(.test("Flood", .serverStreaming)) {
      (_: Bytes, responses: ResponseWriter<Bytes>, _) in
      defer { ended.open() }
      while true { try await responses.write(Bytes(bytes(60_000))) }
    }
    try await withWeb([flood, .echo]) {
      $0.times.writeStall = .milliseconds(50)
    } _: { server in
      let peer = try await HTTP1Peer(server.address)
      try await peer.request("POST", path("Flood"), Self.web, body: echo([]))
      try await ended.wait()
      let honest = try await HTTP1Peer(server.address)
      #expect(try await honest.answer("POST", path("Echo"), Self.web, body: echo([1])).status == 200)
    }
  }

  @Test func aClientThatGoesAwayCancelsItsCall() async throws {
    let cancelled = Gate()
    let chat = MethodHandler.bidirectionalStreaming(.test("Chat", .bidirectionalStreaming)) {
      [entered] (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, _) in
      defer { cancelled.open() }
      for try await request in requests {
        entered.open()
        try await responses.write(request)
      }
    }
    try await withWeb([chat]) { server in
      let peer = try await HTTP1Peer(server.address)
      let message = echo([1])
      try await peer.send(
        "POST \(path("Chat")) HTTP/1.1\r\nhost: test\r\n\(Self.web[0])\r\ncontent-length: 1000\r\n\r\n")
      try await peer.send(message)
      try await entered.wait()
      peer.close()
      try await cancelled.wait()
    }
  }

  /// Some clients say FIN as soon as they have asked.
  @Test func aFINAloneCancelsNothing() async throws {
    try await withWeb([.wait(entered: entered, go: go)]) { server in
      let peer = try await HTTP1Peer(server.address)
      try await peer.request("POST", path("Wait"), Self.web, body: echo([5]))
      peer.closeSending()
      try await entered.wait()
      go.open()
      #expect(parts(try await peer.response().body).messages == [Bytes([5]).wireBytes()])
      #expect(try await peer.rest().isEmpty)
    }
  }

  /// The server reads nothing while it waits for the handler: it still learns of the end, and once only.
  @Test func aResetAfterAFINCancelsTheCall() async throws {
    let cancelled = Gate()
    let wait = MethodHandler.unary(.test("Wait", .unary)) { [entered] (request: Bytes, _) in
      defer { cancelled.open() }
      entered.open()
      await untilCancelled()
      return request
    }
    try await withWeb([wait]) { server in
      let peer = try await HTTP1Peer(server.address)
      try await peer.request("POST", path("Wait"), Self.web, body: echo([5]))
      peer.closeSending()
      try await entered.wait()
      peer.reset()
      try await cancelled.wait()
    }
  }

  // MARK: Times

  @Test func aHeaderSectionMustBeCompleted() async throws {
    try await serving([.echo]) {
      $0.times.header = .milliseconds(30)
    } _: { server in
      let peer = try await HTTP1Peer(server.address)
      try await peer.send("GET / HTTP/1.1\r\nhost: a\r\n")
      let answer = try await peer.response()
      #expect(answer.status == 408 && answer.field("connection") == "close")
      #expect(try await peer.rest().isEmpty)
    }
  }

  @Test func idleConnectionsAreClosed() async throws {
    try await serving([.echo]) {
      $0.times.idle = .milliseconds(30)
    } _: { server in
      let peer = try await HTTP1Peer(server.address)
      #expect(try await peer.answer("GET", "/").status == 405)
      #expect(try await peer.rest().isEmpty)
    }
  }

  /// It can't be asked whether it is there.
  @Test func silentConnectionsAreClosed() async throws {
    try await withWeb([.wait(entered: entered, go: go)]) {
      $0.times.keepAliveInterval = .milliseconds(30)
    } _: { server in
      let half = try await HTTP1Peer(server.address)
      try await half.send("POST \(path("Wait")) HTTP/1.1\r\nhost: a\r\n\(Self.web[0])\r\ncontent-length: 9\r\n\r\n")
      #expect(try await half.rest().isEmpty)
      // One that waits for its response has nothing to say.
      let waiting = try await HTTP1Peer(server.address)
      try await waiting.request("POST", path("Wait"), Self.web, body: echo([5]))
      try await entered.wait()
      try await Task.sleep(for: .milliseconds(100))
      go.open()
      #expect(try await waiting.response().status == 200)
    }
  }

  @Test func anOldConnectionSaysThatItEnds() async throws {
    try await withWeb([.wait(entered: entered, go: go)]) {
      $0.times.age = .milliseconds(30)
      $0.times.ageGrace = .seconds(30)
    } _: { server in
      let peer = try await HTTP1Peer(server.address)
      try await peer.request("POST", path("Wait"), Self.web, body: echo([5]))
      try await entered.wait()
      try await Task.sleep(for: .milliseconds(150))
      go.open()
      let answer = try await peer.response()
      #expect(answer.status == 200 && answer.field("connection") == "close")
      #expect(try await peer.rest().isEmpty)
    }
  }

  // MARK: Shutdown

  @Test func aDrainFinishesWhatRuns() async throws {
    try await withWeb([.wait(entered: entered, go: go)]) { server in
      let idle = try await HTTP1Peer(server.address)
      #expect(try await idle.answer("GET", "/").status == 405)
      let silent = try await HTTP1Peer(server.address)
      let peer = try await HTTP1Peer(server.address)
      try await peer.request("POST", path("Wait"), Self.web, body: echo([5]))
      try await entered.wait()
      let stopped = Gate()
      Task {
        await server.server.shutdown(grace: .seconds(60))
        stopped.open()
      }
      #expect(try await idle.rest().isEmpty)
      #expect(try await silent.rest().isEmpty)
      #expect(!stopped.isOpen)
      go.open()
      let answer = try await peer.response()
      #expect(parts(answer.body).messages == [Bytes([5]).wireBytes()] && answer.field("connection") == "close")
      #expect(try await peer.rest().isEmpty)
      for peer in [idle, silent, peer] { peer.close() }
      try await stopped.wait()
    }
  }
}
