public import EventLoop

/// The other end of a connection, scripted frame by frame. It waits without holding a thread. One task at a time.
public final class Peer {
  /// What ends a test.
  public enum Failure: Error {
    case socket(call: String, errno: Int32)
    /// Nothing came for long.
    case silence
    /// The connection ended before what was waited for came.
    case ended
  }

  /// How long anything may take before a test is given up, in seconds.
  public static let patience = 30.0

  private let stream: ByteStream
  private var reader = FrameReader()
  private var pings: UInt64 = 0

  /// Connects, and sends nothing.
  /// - Throws: `Failure.socket` if nobody listens.
  public init(_ address: SocketAddress) async throws { stream = try await ByteStream.connect(to: address) }

  /// A peer on a socket that is connected already, and is closed with it.
  public init(descriptor: Int32) { stream = ByteStream(descriptor: descriptor) }

  /// Closes the socket. A second time does nothing.
  public func close() { stream.close() }

  /// Says that nothing more will be sent.
  public func closeSending() { stream.closeSending() }

  // MARK: Sending

  /// Sends all of the bytes.
  /// - Throws: `Failure.socket` if the server closed the connection or reads nothing for long.
  public func send(_ bytes: [UInt8]) async throws {
    try await TestLoop.run {
      // Others that wait on the loop get their turn, also beside a test that only sends.
      await Task.yield()
      try bytes.withUnsafeBytes { try stream.send($0) }
      while try !stream.sendRest() { try await stream.wait(for: .writable) }
    }
  }

  /// Sends frames in one write, legal or not.
  public func send(_ frames: Frame...) async throws { try await send(frames.flatMap { $0.bytes }) }

  /// As `send`, where the server may have closed the connection already, and rightly.
  public func trySend(_ bytes: [UInt8]) async { try? await send(bytes) }

  /// The preface and SETTINGS, with the windows that the server may fill.
  public func start(streamWindow: UInt32 = 65_535) async throws {
    try await send(Frame.preface)
    try await send(Frame.settings([(id: 4, value: streamWindow)]), Frame.settingsAck)
  }

  /// The header fields of a gRPC request.
  public static func request(_ path: String, _ more: [HeaderField] = []) -> [HeaderField] {
    [
      [":method", "POST"], [":scheme", "http"], [":path", path], [":authority", "test"],
      ["content-type", "application/grpc"], ["te", "trailers"],
    ] + more
  }

  // MARK: Receiving

  /// For a server's end: takes the client's preface, which comes before its frames.
  /// - Returns: false if the connection ended before, or began with something else.
  public func takePreface() async throws -> Bool {
    var bytes: [UInt8] = []
    while bytes.count < Frame.preface.count {
      let more = try await read()
      if more.isEmpty { return false }
      bytes += more
    }
    reader.append(Array(bytes.dropFirst(Frame.preface.count)))
    return bytes.starts(with: Frame.preface)
  }

  /// The next frame; nil when the connection has ended.
  public func next() async throws -> Frame? {
    while true {
      if let frame = try reader.next() { return frame }
      guard try await receive() else { return nil }
    }
  }

  /// Frames until one that is wanted, which is the last.
  public func collect(until isLast: (Frame) -> Bool) async throws -> [Frame] {
    var frames: [Frame] = []
    while let frame = try await next() {
      frames.append(frame)
      if isLast(frame) { return frames }
    }
    throw Failure.ended
  }

  /// The next frame of a kind, on a stream if one is given; those before it are dropped.
  public func wait(for kind: Frame.Kind, stream: UInt32? = nil) async throws -> Frame {
    let frames = try await collect { $0.kind == kind && (stream == nil || $0.stream == stream) }
    guard let last = frames.last else { throw Failure.ended }
    return last
  }

  /// Frames up to the end of a stream: END_STREAM or RST_STREAM.
  public func response(_ stream: UInt32) async throws -> [Frame] {
    try await collect { $0.stream == stream && ($0.isEnd || $0.kind == .rstStream) }.filter { $0.stream == stream }
  }

  /// Sends a PING, and returns what came before its answer: all that the server had to say to what was sent so far.
  public func sync() async throws -> [Frame] {
    pings += 1
    let ping = Frame.ping(pings)
    try await send(ping)
    return try await collect { $0.kind == .ping && $0.has(Frame.ack) && $0.payload == ping.payload }.dropLast()
  }

  /// All frames until the server ends the connection.
  public func rest() async throws -> [Frame] {
    var frames: [Frame] = []
    while let frame = try await next() { frames.append(frame) }
    return frames
  }

  /// What one read brings, once there is something; empty when the connection has ended. `next` does not see it.
  public func read() async throws -> [UInt8] {
    try await TestLoop.run {
      while true {
        switch try stream.read() {
        case .bytes(let bytes): return bytes
        case .nothing: try await stream.wait(for: .readable)
        case .end: return []
        }
      }
    }
  }

  /// False when the connection has ended.
  private func receive() async throws -> Bool {
    let bytes = try await read()
    reader.append(bytes)
    return !bytes.isEmpty
  }
}
