import HTTP
import TestPeer

/// A server session without a socket: frames in, frames out, and what its streams were told.
final class SessionBench: HTTP2SessionDelegate {
  private(set) var session: HTTP2Session!
  private var reader = FrameReader()
  /// All streams that there ever were, by id.
  private(set) var streams: [Int32: RecordingStream] = [:]

  init(_ configure: (inout HTTP2Configuration) -> Void = { _ in }) throws {
    var configuration = HTTP2Configuration()
    configure(&configuration)
    session = try HTTP2Session(configuration: configuration, delegate: self)
  }

  /// A session whose handshake is done, its output read.
  static func started(_ configure: (inout HTTP2Configuration) -> Void = { _ in }) throws -> SessionBench {
    let bench = try SessionBench(configure)
    try bench.feed(Frame.preface + Frame.settings().bytes + Frame.settingsAck.bytes)
    _ = try bench.output()
    return bench
  }

  func makeStream(id: Int32) -> HTTP2Stream {
    let stream = RecordingStream(id: id)
    streams[id] = stream
    return stream
  }

  func feed(_ bytes: [UInt8], now: UInt64 = 0) throws {
    defer { noteEvents() }
    try bytes.withUnsafeBytes { try session.receive($0, now: now) }
  }

  func feed(_ frames: Frame...) throws { try feed(frames.flatMap(\.bytes)) }

  /// Feeds frames and returns the answer.
  func answer(_ frames: Frame...) throws -> [Frame] { try answer(frames) }

  func answer(_ frames: [Frame]) throws -> [Frame] {
    try feed(frames.flatMap(\.bytes))
    return try output()
  }

  /// All that the session wants to send.
  func output() throws -> [Frame] {
    while let bytes = try session.nextOutput() { reader.append(bytes) }
    noteEvents()
    var frames: [Frame] = []
    while let frame = try reader.next() { frames.append(frame) }
    return frames
  }

  func stream(_ id: Int32) -> RecordingStream { streams[id] ?? RecordingStream(id: -1) }

  private func noteEvents() {
    session.drainEvents { stream, events in (stream as? RecordingStream)?.log.append(events) }
  }
}

/// Notes what came, and answers with what it is given.
final class RecordingStream: HTTP2Stream {
  var log: [Events] = []
  var received: [UInt8] = []
  var body: [UInt8] = []
  var isBodyComplete = false
  var responseTrailers: HeaderFields?

  var seen: Events { log.reduce(into: []) { $0.formUnion($1) } }

  override func receive(_ bytes: UnsafeRawBufferPointer) { received += bytes }

  override func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: BodyState) {
    let count = min(buffer.count, body.count)
    buffer.copyBytes(from: body[..<count])
    body.removeFirst(count)
    guard body.isEmpty else { return (count, .more) }
    if isBodyComplete { return (count, .end(trailers: responseTrailers)) }
    return (count, count > 0 ? .more : .later)
  }
}

extension HeaderBlock {
  var fields: [HeaderField] {
    var fields: [HeaderField] = []
    forEach { name, value in
      fields.append(HeaderField(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }
    return fields
  }
}

extension HeaderFields {
  convenience init(_ fields: HeaderField...) { self.init(fields.map { ($0.name, Array($0.value.utf8)) }) }
}

extension [Frame] {
  func of(_ kind: Frame.Kind, stream: UInt32? = nil) -> [Frame] {
    filter { $0.kind == kind && (stream == nil || $0.stream == stream) }
  }
}

extension [HeaderField] {
  /// As SETTINGS_MAX_HEADER_LIST_SIZE counts. RFC 9113, section 6.5.2.
  var weight: Int { reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 } }
}
