internal import Compression
internal import EventLoop
internal import HTTP
import Logging
import ProtoWire
import RPCCore
import Synchronization
internal import Transport

/// What the connections of one loop share: its buffers and the list of them.
// @unchecked Sendable: everything but `load` belongs to `loop`'s thread. Each `@exclusivity(unchecked)`: that thread
// reads and writes all of it, and no access calls back into another.
final class ServerLoop: @unchecked Sendable {
  static let readSize = 65_536
  private static let maximumIdleTasks = 128

  let loop: EventLoop
  let core: ServerCore
  /// An instance a loop: what calls on all cores refer to would pass from one core's cache to the next.
  let grpc: GRPCProtocol
  /// The number of connections on this loop, by which the listener finds the loop with the fewest. Any thread.
  let load = Atomic(0)
  /// The buffer that connections read into. Each consumes the bytes before the next one reads.
  let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readSize, alignment: 16)
  /// The buffer that TLS decrypts into: it holds one record.
  let plainBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 16)
  let tlsBuffers = TLSBuffers()
  /// Encodes responses. Each is copied out before the next one is encoded.
  @exclusivity(unchecked) var writer = WireWriter(capacity: 4096)
  /// Made when the first compressed message arrives or leaves.
  private(set) lazy var codec = MessageCodec()
  /// Gathers the frames of a connection for one write.
  @exclusivity(unchecked) var gather = GatherBuffer()
  /// The exchanges of closed streams; later streams reuse them.
  let exchanges = HTTPExchangePool()
  private(set) var connections: [Connection] = []
  /// Tasks whose handlers have returned; later handlers reuse them.
  @exclusivity(unchecked) var idleTasks: [HandlerTask] = []
  @exclusivity(unchecked) var calls = CallCounters()
  /// The loop's time when a connection last read or wrote. Counters use it: it is precise enough, and cheaper to read.
  @exclusivity(unchecked) var now: UInt64 = 0
  @exclusivity(unchecked) var admission: Admission
  /// The bytes of buffered messages that count against the limit.
  @exclusivity(unchecked) var heldBytes = 0
  /// This loop's part of the limit of buffered bytes.
  let bufferShare: Int
  /// Called when the drain ends. An array, because `drain` may be called more than once.
  private var onEmpty: [() -> Void] = []
  private var graceTimer: LoopTimer?
  private(set) var isDraining = false

  init(loop: EventLoop, core: ServerCore) {
    self.loop = loop
    self.core = core
    grpc = GRPCProtocol(core)
    bufferShare = Admission.share(of: core.configuration.maximumBufferedBytesInAll, loops: core.loopCount)
    admission = Admission(core.classes, limit: core.configuration.maximumRunningCalls, loops: core.loopCount)
  }

  deinit {
    readBuffer.deallocate()
    plainBuffer.deallocate()
  }

  /// Takes over an accepted socket. Loop thread only.
  func adopt(_ accepted: Listener.Accepted) {
    loop.assertCurrent()
    if isDraining {
      accepted.close()
      load.subtract(1, ordering: .relaxed)
      return
    }
    do {
      let descriptor = accepted.descriptor
      if accepted.isTCP { Socket.setNoDelay(descriptor) }
      let tls = try accepted.tls.map { context throws(TLSError) in try TLSSession(context, buffers: tlsBuffers) }
      let transport = SocketTransport(descriptor, tls: tls, buffers: tlsBuffers)
      let peer = accepted.isTCP ? Socket.peerName(descriptor) : "unix"
      let connection = Connection(transport, peer: peer, isLocal: !accepted.isTCP, on: self)
      try connection.start()
      connection.index = connections.count
      connections.append(connection)
    } catch {
      log(.warning, "Setting up a connection failed.", metadata: ["error": "\(error)"])
      accepted.close()
      load.subtract(1, ordering: .relaxed)
    }
  }

  func remove(_ connection: Connection) {
    loop.assertCurrent()
    guard connections.indices.contains(connection.index), connections[connection.index] === connection else { return }
    let last = connections.count - 1
    if connection.index != last {
      connections[connection.index] = connections[last]
      connections[connection.index].index = connection.index
    }
    connections.removeLast()
    load.subtract(1, ordering: .relaxed)
    if connections.isEmpty { finishDraining() }
  }

  /// Closes each connection when its calls have ended, and all that are left after `grace`. Loop thread only.
  func drain(grace: Duration, onEmpty: @escaping () -> Void) {
    loop.assertCurrent()
    isDraining = true
    self.onEmpty.append(onEmpty)
    guard !connections.isEmpty else { return finishDraining() }
    let timer = LoopTimer(on: loop) { [unowned self] in
      core.logger.warning("The drain timeout passed; calls that still run are cancelled.")
      for connection in connections { connection.close() }
    }
    timer.schedule(after: grace)
    graceTimer = timer
    for connection in connections { connection.drain() }
  }

  /// Logs a line that a peer or a fault can repeat, with a limit on the rate. Loop thread only.
  func log(
    _ level: Logger.Level, _ message: StaticString, kind: String = "",
    metadata: @autoclosure () -> Logger.Metadata, file: String = #fileID, function: String = #function,
    line: UInt = #line
  ) {
    loop.logThrottle.log(
      level, message, kind: kind, metadata: metadata(), to: core.logger, file: file, function: function, line: line)
  }

  var keepsTasks: Bool { !isDraining && idleTasks.count < Self.maximumIdleTasks }

  private func finishDraining() {
    for task in idleTasks { task.end() }
    idleTasks = []
    graceTimer?.cancel()
    graceTimer = nil
    let callbacks = onEmpty
    onEmpty = []
    for callback in callbacks { callback() }
  }
}
