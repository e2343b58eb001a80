public import EventLoop
public import ProtoWire

/// A small gRPC client for tests: blocking, one connection, any number of calls on it, one thread.
///
/// ```swift
/// let client = try BlockingClient(address)
/// let reply = try client.call("/users.v1.UserService/GetUser", GetUserRequest.with { $0.id = id })
/// let user = try reply.message(as: User.self)       // or look at reply.status, reply.text, reply.trailers
/// ```
public final class BlockingClient {
  private struct Entry { weak var call: ClientCall? }

  /// The connection, for tests that send frames of their own in between.
  public let peer: Peer
  /// A call keeps its client; who drops a call that is not over hears no more of it.
  private var calls: [UInt32: Entry] = [:]
  private var nextStream: UInt32 = 1
  private var window = 65_535
  private var initialWindow = 65_535
  /// GOAWAY frames that came: the last stream that each allows.
  public private(set) var goAways: [UInt32] = []

  /// Connects and sends preface and SETTINGS. The windows are so large that the server never waits for credit.
  /// - Throws: `Peer.Failure` if nobody listens.
  public init(_ address: SocketAddress) throws {
    peer = try Peer(address)
    try peer.start(streamWindow: 1 << 20)
    try peer.send(.windowUpdate(0, 1 << 24))
  }

  /// One request message, and all that is answered.
  public func call(
    _ path: String, _ request: some WireMessage, metadata: [HeaderField] = []
  ) throws -> Reply {
    try call(path, bytes: request.wireBytes(), metadata: metadata)
  }

  /// One request message of any bytes, and all that is answered.
  public func call(_ path: String, bytes: [UInt8] = [], metadata: [HeaderField] = []) throws -> Reply {
    let call = try start(path, metadata: metadata)
    try call.send(bytes: bytes, end: true)
    return try call.finish()
  }

  /// Begins a call whose messages are sent and taken one by one.
  public func start(_ path: String, metadata: [HeaderField] = []) throws -> ClientCall {
    let call = ClientCall(stream: nextStream, client: self, window: initialWindow)
    nextStream += 2
    calls[call.stream] = Entry(call: call)
    try peer.send(.headers(call.stream, Peer.request(path, metadata)))
    return call
  }

  /// Sends DATA as the server's windows allow.
  public func send(_ bytes: [UInt8], end: Bool, on call: ClientCall) throws {
    var rest = bytes[...]
    repeat {
      while !rest.isEmpty, min(window, call.window) <= 0, !call.isOver { try pump() }
      // Whoever is over takes no more: the answer says why.
      if call.isOver { return }
      let piece = Array(rest.prefix(min(16_384, window, call.window)))
      rest = rest.dropFirst(piece.count)
      window -= piece.count
      call.window -= piece.count
      try peer.send(.data(call.stream, piece, end: end && rest.isEmpty))
    } while !rest.isEmpty
  }

  /// Takes a frame and gives it to whom it concerns.
  func pump() throws {
    guard let frame = try peer.next() else {
      for entry in calls.values { entry.call?.isOver = true }
      throw Peer.Failure.ended
    }
    switch frame.kind {
    case .windowUpdate:
      if frame.stream == 0 {
        window += Int(frame.number())
      } else {
        calls[frame.stream]?.call?.window += Int(frame.number())
      }
    case .settings where !frame.has(Frame.ack): takeSettings(frame)
    case .ping where !frame.has(Frame.ack): try peer.send(Frame(.ping, flags: Frame.ack, frame.payload))
    case .goAway: goAways.append(frame.number())
    case .data:
      if !frame.payload.isEmpty { try peer.send(.windowUpdate(0, UInt32(frame.payload.count))) }
      calls[frame.stream]?.call?.take(frame)
    default: calls[frame.stream]?.call?.take(frame)
    }
    if calls[frame.stream]?.call?.isOver != false { calls[frame.stream] = nil }
  }

  /// The answer was sent at the start already.
  private func takeSettings(_ frame: Frame) {
    for offset in stride(from: 0, to: frame.payload.count, by: 6) where frame.payload[offset + 1] == 4 {
      let change = Int(frame.number(at: offset + 2)) - initialWindow
      initialWindow += change
      for entry in calls.values { entry.call?.window += change }
    }
  }
}
