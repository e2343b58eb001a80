public import EventLoop
import Glibc

/// The other end of a connection, scripted frame by frame, over a blocking socket. One thread at a time.
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

  /// The socket, blocking, with timeouts of `patience`.
  public let descriptor: Int32
  private var reader = FrameReader()
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var pings: UInt64 = 0
  private var isClosed = false

  /// Connects, and sends nothing.
  /// - Throws: `Failure.socket` if nobody listens.
  public init(_ address: SocketAddress) throws {
    descriptor = try Self.connect(address)
    var time = timeval(tv_sec: Int(Self.patience), tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  /// A peer on a socket that is connected already, and is closed with it.
  public init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close() }

  /// Closes the socket. A second time does nothing.
  public func close() {
    if !isClosed { _ = Glibc.close(descriptor) }
    isClosed = true
  }

  /// Says that nothing more will be sent.
  public func closeSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  // MARK: Sending

  /// Sends all of the bytes.
  /// - Throws: `Failure.socket` if the server closed the connection or reads nothing for long.
  public func send(_ bytes: [UInt8]) throws {
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure.socket(call: "send", errno: errno) }
      offset += count
    }
  }

  /// Sends frames in one write, legal or not.
  public func send(_ frames: Frame...) throws { try send(frames.flatMap { $0.bytes }) }

  /// As `send`, where the server may have closed the connection already, and rightly.
  public func trySend(_ bytes: [UInt8]) { try? send(bytes) }

  /// The preface and SETTINGS, with the windows that the server may fill.
  public func start(streamWindow: UInt32 = 65_535) throws {
    try send(Frame.preface)
    try send(Frame.settings([(id: 4, value: streamWindow)]), Frame.settingsAck)
  }

  /// The header fields of a gRPC request.
  public static func request(_ path: String, _ more: [HeaderField] = []) -> [HeaderField] {
    [
      [":method", "POST"], [":scheme", "http"], [":path", path], [":authority", "test"],
      ["content-type", "application/grpc"], ["te", "trailers"],
    ] + more
  }

  // MARK: Receiving

  /// The next frame; nil when the connection has ended.
  public func next() throws -> Frame? {
    while true {
      if let frame = try reader.next() { return frame }
      guard try receive() else { return nil }
    }
  }

  /// Frames until one that is wanted, which is the last.
  public func collect(until isLast: (Frame) -> Bool) throws -> [Frame] {
    var frames: [Frame] = []
    while let frame = try next() {
      frames.append(frame)
      if isLast(frame) { return frames }
    }
    throw Failure.ended
  }

  /// The next frame of a kind, on a stream if one is given; those before it are dropped.
  public func wait(for kind: Frame.Kind, stream: UInt32? = nil) throws -> Frame {
    let frames = try collect { $0.kind == kind && (stream == nil || $0.stream == stream) }
    guard let last = frames.last else { throw Failure.ended }
    return last
  }

  /// Frames up to the end of a stream: END_STREAM or RST_STREAM.
  public func response(_ stream: UInt32) throws -> [Frame] {
    try collect { $0.stream == stream && ($0.isEnd || $0.kind == .rstStream) }.filter { $0.stream == stream }
  }

  /// Sends a PING, and returns what came before its answer: all that the server had to say to what was sent so far.
  public func sync() throws -> [Frame] {
    pings += 1
    let ping = Frame.ping(pings)
    try send(ping)
    return try collect { $0.kind == .ping && $0.has(Frame.ack) && $0.payload == ping.payload }.dropLast()
  }

  /// All frames until the server ends the connection.
  public func rest() throws -> [Frame] {
    var frames: [Frame] = []
    while let frame = try next() { frames.append(frame) }
    return frames
  }

  /// False when the connection has ended.
  private func receive() throws -> Bool {
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 {
        reader.append(buffer[..<count])
        return true
      }
      if count == 0 || errno == ECONNRESET { return false }
      if errno == EAGAIN { throw Failure.silence }
      if errno != EINTR { throw Failure.socket(call: "recv", errno: errno) }
    }
  }

  // MARK: Connecting

  private static func connect(_ address: SocketAddress) throws -> Int32 {
    switch address {
    case .tcp(_, let port):
      var target = sockaddr_in()
      target.sin_family = sa_family_t(AF_INET)
      target.sin_port = port.bigEndian
      target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      return try connect(AF_INET, &target)
    case .unix(let path):
      var target = sockaddr_un()
      target.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path.utf8) }
      return try connect(AF_UNIX, &target)
    }
  }

  private static func connect<Address>(_ family: Int32, _ target: inout Address) throws -> Int32 {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    let result = withUnsafePointer(to: &target) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      _ = Glibc.close(descriptor)
      throw Failure.socket(call: "connect", errno: code)
    }
    return descriptor
  }
}
