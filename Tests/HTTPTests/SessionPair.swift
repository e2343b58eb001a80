import HTTP
import TestPeer

/// A client's session and a server's, and the wire between them.
final class SessionPair {
  let client: HTTP2ClientSession
  let server: SessionBench
  private var calls: [RecordingHandler] = []
  /// Whether what came is credited, on both ends.
  var credits = false

  init(_ configure: (inout HTTP2ServerConfiguration) -> Void = { _ in }) throws {
    client = try HTTP2ClientSession(now: 0)
    server = try SessionBench(configure)
  }

  func request(_ path: String, body: [UInt8]? = nil, isComplete: Bool = true) throws -> RecordingHandler {
    let handler = RecordingHandler(nil)
    handler.body = body ?? []
    handler.isBodyComplete = isComplete
    handler.exchange = try client.request(
      .request(path), body: body == nil ? .none : .unknown, handler: handler)
    calls.append(handler)
    return handler
  }

  /// Carries bytes to and fro until nothing moves.
  func run() throws {
    var moved = true
    while moved {
      moved = false
      while let bytes = try client.nextOutput() {
        moved = true
        try server.feed(Array(bytes))
      }
      client.drainEvents()
      while let bytes = try server.session.nextOutput() {
        moved = true
        try client.receive(bytes, now: 0)
      }
      server.session.drainEvents()
      client.drainEvents()
      if credits, credit() { moved = true }
    }
  }

  /// - Returns: whether there was anything to credit.
  private func credit() -> Bool {
    var total = 0
    for call in calls {
      guard let exchange = call.exchange else { continue }
      let count = call.takeUncredited()
      client.credit(exchange, count)
      total += count
    }
    for stream in server.streams.values {
      guard let exchange = stream.exchange else { continue }
      let count = stream.takeUncredited()
      server.session.credit(exchange, count)
      total += count
    }
    return total > 0
  }
}

/// A client's session whose server is scripted, frame by frame.
final class ScriptedServer {
  let session: HTTP2ClientSession
  /// What the client's SETTINGS say.
  private(set) var settings: [(id: UInt16, value: UInt32)] = []
  private var reader = FrameReader()

  init() throws {
    session = try HTTP2ClientSession(now: 0)
    var bytes: [UInt8] = []
    while let output = try session.nextOutput() { bytes += output }
    precondition(bytes.starts(with: Frame.preface), "no preface")
    reader.append(bytes.dropFirst(Frame.preface.count))
    while let frame = try reader.next() {
      guard frame.kind == .settings else { continue }
      settings += stride(from: 0, to: frame.payload.count, by: 6).map {
        (UInt16(frame.payload[$0]) << 8 | UInt16(frame.payload[$0 + 1]), frame.number(at: $0 + 2))
      }
    }
  }

  func request(_ path: String) throws -> RecordingHandler {
    let handler = RecordingHandler(nil)
    handler.exchange = try session.request(.request(path), body: .none, handler: handler)
    _ = try output()
    return handler
  }

  func feed(_ bytes: [UInt8]) throws {
    defer { session.drainEvents() }
    try bytes.withUnsafeBytes { try session.receive($0, now: 0) }
  }

  /// Sends frames of the server, and returns what the client says to them.
  @discardableResult func answer(_ frames: Frame...) throws -> [Frame] {
    try feed(frames.flatMap(\.bytes))
    return try output()
  }

  func output() throws -> [Frame] {
    while let bytes = try session.nextOutput() { reader.append(bytes) }
    session.drainEvents()
    var frames: [Frame] = []
    while let frame = try reader.next() { frames.append(frame) }
    return frames
  }
}

extension HeaderFields {
  fileprivate static func request(_ path: String) -> HeaderFields {
    HeaderFields(
      [":method", "POST"], [":scheme", "http"], [":authority", "test"], [":path", path], ["x", "y"])
  }
}
