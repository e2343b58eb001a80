import EventLoop
import Foundation
import RPCCore
import RPCServer
import TestPeer
import Testing

@testable import RPCClient

/// Channels that come and go.
@Suite(.timeLimit(.minutes(5))) struct ManyChannelsTests {
  /// What must be gone.
  private struct Traces {
    weak var core: ChannelCore?
    weak var loopChannel: LoopChannel?
    weak var connection: ClientConnection?

    var areGone: Bool { core == nil && loopChannel == nil && connection == nil }
  }

  private var descriptors: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0 }

  /// Some are never called, some call a server, some a server that is not there: theirs wait with timers.
  @Test func tenThousandLeaveNothing() async throws {
    let nobody = try await whereBlockingIsFine {
      let socket = try ListeningSocket.open(.tcp(host: "127.0.0.1", port: 0))[0]
      defer { socket.close() }
      return socket.address
    }
    let descriptorsBefore = descriptors
    try await serving([.echo]) { server in
      var traces: [Traces] = []
      for index in 0..<10_000 {
        let balancing: LoadBalancing = index % 40 < 20 ? .pickFirst : .roundRobin.ejectingOutliers()
        let channel = try Channel(
          .addresses([index % 20 == 10 ? nobody : server.address]), configuration: .with { $0.balancing = balancing })
        if index % 10 == 0 {
          let status = await TestClient(channel).status(of: "Echo")
          #expect(status.code == (index % 20 == 10 ? .unavailable : .ok))
        }
        let loopChannel = channel.core.loopChannels().first
        #expect((loopChannel == nil) == (index % 10 != 0))
        traces.append(
          Traces(
            core: channel.core, loopChannel: loopChannel,
            connection: loopChannel?.subchannels.values.first?.allConnections.first))
      }
      while !traces.allSatisfy({ $0.areGone }) { try await Task.sleep(for: .milliseconds(5)) }
      while await !server.server.connectionIDs(from: 0).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }
    // Other tests have descriptors too, but not as many.
    #expect(descriptors < descriptorsBefore + 400)
  }
}
