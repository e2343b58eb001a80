internal import EventLoop
internal import Glibc
internal import HTTP
internal import RPCCore
internal import Transport

/// The connections of a loop to one address of a channel's target. Belongs to the loop's thread.
// @unchecked Sendable: for closures that run on that thread.
final class LoopSubchannel: @unchecked Sendable {
  let id: ChannelMachine.ID
  let address: SocketAddress
  /// A reference cycle, which ends when the channel closes and drops its subchannels.
  let channel: LoopChannel
  /// The connections that take calls.
  private var connections: [ClientConnection] = []
  /// The connections that are in their handshake, or that finish their last calls.
  private var others: [ClientConnection] = []
  private var attempt: Task<Void, Never>?
  private var isClosed = false
  /// Nil: the server is not being asked for its health.
  private var watch: HealthWatch?

  // For diagnostics.
  let diagnosticID = DiagnosticID.next()
  var counts = CallCounts()
  private(set) var trace = DiagnosticTrace()
  var allConnections: [ClientConnection] { connections + others }

  init(_ id: ChannelMachine.ID, _ address: SocketAddress, _ channel: LoopChannel) {
    self.id = id
    self.address = address
    self.channel = channel
  }

  /// The connection with the fewest calls that takes one more.
  var connectionWithRoom: ClientConnection? {
    if connections.count == 1 { return connections[0].hasRoom ? connections[0] : nil }
    return connections.filter(\.hasRoom).min { $0.callCount < $1.callCount }
  }

  // MARK: Health

  /// `healthChanged` or `healthWatchEnded` of the channel follows, unless there is no connection any more.
  func watchHealth() {
    watch?.cancel()
    watch = nil
    guard !isClosed, let service = channel.core.healthService, let connection = connections.first else { return }
    watch = HealthWatch(of: service, on: connection)
  }

  /// A connection takes no further calls: a watch would keep it open.
  private func endWatch(on connection: ClientConnection) {
    if watch?.connection === connection { watchHealth() }
  }

  // MARK: Opening

  /// Begins to connect. `connected` or `connectFailed` of the channel follows.
  func open() {
    guard attempt == nil, !isClosed else { return }
    trace.add(.info, "connecting")
    let loop = channel.loop
    let (connector, credentials) = (channel.core.connector, channel.core.credentials)
    // `close` cancels it.
    attempt = Task(executorPreference: loop) { [address] in
      await credentials?.renew()
      let result: Result<Int32, ConnectError>
      do throws(ConnectError) {
        result = .success(try await connector.connect(to: [address], on: loop))
      } catch {
        result = .failure(error)
      }
      loop.execute { self.opened(result) }
    }
  }

  /// All connections have as many calls as the server takes.
  func openFurther() {
    guard attempt == nil, others.allSatisfy(\.isDraining) else { return }
    guard !connections.isEmpty, connections.count < channel.core.configuration.maximumConnections else { return }
    open()
  }

  private func opened(_ result: Result<Int32, ConnectError>) {
    attempt = nil
    switch result {
    case .success(let descriptor):
      guard !isClosed else {
        _ = Glibc.close(descriptor)
        return
      }
      begin(descriptor)
    case .failure(let error): failed("\(error)")
    }
  }

  private func begin(_ descriptor: Int32) {
    let core = channel.core
    let shared = channel.shared
    do {
      let tls = try core.tls.map { context throws(TLSError) in
        try TLSSession(context, host: core.host, buffers: shared.tlsBuffers)
      }
      let transport = SocketTransport(descriptor, tls: tls, buffers: shared.tlsBuffers)
      let connection = try ClientConnection(transport, of: self)
      others.append(connection)
      connection.start()
    } catch {
      _ = Glibc.close(descriptor)
      failed("\(address): \(error)")
    }
  }

  private func failed(_ error: String) {
    guard !isClosed else { return }
    trace.add(.warning, "connecting failed: \(error)")
    // If this was an additional connection, nothing changes: the others go on.
    if connections.isEmpty { channel.connectFailed(id, error) }
  }

  // MARK: What connections tell

  /// The server's SETTINGS have come.
  func connectionBecameReady(_ connection: ClientConnection) {
    others.removeAll { $0 === connection }
    connections.append(connection)
    trace.add(.info, "connected")
    if connections.count == 1 { channel.connected(id) } else { channel.lookAtWaiting() }
  }

  /// The connection takes no further calls, but some are still running.
  func connectionStartedDraining(_ connection: ClientConnection) {
    guard let index = connections.firstIndex(where: { $0 === connection }) else { return }
    connections.remove(at: index)
    others.append(connection)
    trace.add(.info, "a connection takes no further calls")
    endWatch(on: connection)
    if connections.isEmpty { channel.disconnected(id) }
  }

  /// The connection is closed.
  /// - Parameter wasReady: whether it was ever able to take calls.
  func connectionClosed(_ connection: ClientConnection, wasReady: Bool, _ reason: String) {
    others.removeAll { $0 === connection }
    if let index = connections.firstIndex(where: { $0 === connection }) {
      connections.remove(at: index)
      trace.add(.warning, "a connection was lost: \(reason)")
      endWatch(on: connection)
      if connections.isEmpty { channel.disconnected(id) }
    } else if !wasReady {
      failed("\(address): \(reason)")
    }
  }

  /// Takes no further calls; connections end with the calls that they have.
  func close() {
    isClosed = true
    attempt?.cancel()
    for connection in connections + others { connection.drain() }
  }
}
