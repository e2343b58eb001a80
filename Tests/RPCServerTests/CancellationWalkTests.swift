import EventLoop
import Foundation
import ProtoWire
import RPCCore
@testable import RPCServer
import Synchronization
import TestPeer
import Testing

/// Trap 20: at every place where a call can wait, every way in which it can end: whoever waits is woken, and no handler
/// stays.
@Suite struct CancellationWalkTests {
  enum Ending: CaseIterable { case reset, deadline, close, violation, drain }

  @Test(arguments: AwaitPlace.all, Ending.allCases)
  func nothingIsLeftBehind(place: AwaitPlace, ending: Ending) async throws {
    let probe = Probe()
    let handler = place.handler(probe, "Call")
    try await serving([handler]) { server in
      let peer = try await server.peer(streamWindow: 1000)
      let timeout: [HeaderField] = ending == .deadline ? [["grpc-timeout", "60m"]] : []
      try await peer.send(.headers(1, Peer.request(handler.descriptor.path, timeout)))
      if let body = place.body {
        try await peer.send(.data(1, body, end: place.isEnded))
      } else if place.isEnded {
        try await peer.send(.data(1, [], end: true))
      }
      if place.hasHandler { try await probe.isWaiting.wait() }
      let before = try await peer.sync()
      switch ending {
      case .reset: try await peer.send(.reset(1, 8))
      case .deadline:
        _ = await server.server.settled()
        if !before.contains(where: { $0.stream == 1 && $0.isEnd }) { try await expectDeadline(peer) }
      case .close: peer.close()
      case .violation: try await peer.send(Frame(.data, stream: 0, [1]))
      case .drain: await server.server.shutdown(grace: .zero)
      }
      #expect(await server.server.settled() == 0)
      #expect(probe.entered.load(ordering: .relaxed) == (place.hasHandler ? 1 : 0))
      #expect(probe.returned.load(ordering: .relaxed) == probe.entered.load(ordering: .relaxed))
    }
  }

  /// Trap 30: we reset the stream for a fault of the client's, and nobody gets that any more.
  @Test(arguments: AwaitPlace.all)
  func aStreamThatWeResetWhileItsConnectionDies(place: AwaitPlace) async throws {
    let probe = Probe()
    let handler = place.handler(probe, "Call")
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("rt-\(UUID().uuidString.prefix(8)).sock")
      .path
    try await serving([handler], on: .unix(path: file)) { server in
      let peer = try await server.peer(streamWindow: 1000)
      try await peer.send(.headers(1, Peer.request(handler.descriptor.path)))
      if place.body != nil || place.isEnded { try await peer.send(.data(1, place.body ?? [], end: place.isEnded)) }
      if place.hasHandler { try await probe.isWaiting.wait() }
      _ = try await peer.sync()
      // The loop is held up until all is there: a window that overflows, and the end.
      let go = Gate()
      server.loops.loops[0].execute { go.block() }
      try await peer.send(.windowUpdate(1, 0x7fff_ffff))
      peer.close()
      go.open()
      #expect(await server.server.settled() == 0)
      #expect(probe.returned.load(ordering: .relaxed) == (place.hasHandler ? 1 : 0))
    }
  }

  /// What was written before comes first: the window is opened for it.
  private func expectDeadline(_ peer: Peer) async throws {
    try await peer.send(.windowUpdate(1, 1 << 24), .windowUpdate(0, 1 << 24))
    let end = try await peer.collect { $0.stream == 1 && ($0.isEnd || $0.kind == .rstStream) }.last
    #expect(end?.field("grpc-status") == "4")
  }

  /// The same for calls by the hundred, ended in the middle of whatever they do.
  @Test func callsThatEndAnyhowLeaveNoneRunning() async throws {
    let probe = Probe()
    let handlers = AwaitPlace.all.filter(\.hasHandler).enumerated().map { index, place in
      place.handler(probe, "Call\(index)")
    }
    try await serving(handlers, loops: 2) { server in
      for round in 0..<20 {
        let peer = try await server.peer(streamWindow: 1000)
        var stream: UInt32 = 1
        for handler in handlers {
          for isReset in [true, false] {
            try await peer.send(
              .headers(stream, Peer.request(handler.descriptor.path)), .data(stream, grpcFrame([]), end: round % 2 == 0)
            )
            if isReset { try await peer.send(.reset(stream, 8)) }
            stream += 2
          }
        }
        if round % 3 > 0 { _ = try await peer.sync() }
        peer.close()
      }
      #expect(await server.server.settled() == 0)
      #expect(probe.returned.load(ordering: .relaxed) == probe.entered.load(ordering: .relaxed))
    }
  }
}

extension GRPCServer {
  /// Handlers that still run after everything that could end them had many turns of the loops to do so.
  func settled() async -> Int {
    var running = await runningCalls()
    for _ in 0..<100_000 where running > 0 { running = await runningCalls() }
    return running
  }
}
