import Foundation
public import ProtoWire

/// A call of a `BlockingClient`.
public final class ClientCall {
  /// The identifier of its stream.
  public let stream: UInt32
  private let client: BlockingClient
  var window: Int
  var isOver = false
  private var buffer: [UInt8] = []
  private var reply = Reply()

  init(stream: UInt32, client: BlockingClient, window: Int) {
    self.stream = stream
    self.client = client
    self.window = window
  }

  /// Sends a message; waits for the server's window if it is shut.
  public func send(_ message: some WireMessage, end: Bool = false) throws {
    try send(bytes: message.wireBytes(), end: end)
  }

  /// Sends bytes as a message, well-formed or not; waits for the server's window if it is shut.
  public func send(bytes: [UInt8], end: Bool = false) throws {
    try client.send(grpcFrame(bytes), end: end, on: self)
  }

  /// Says that no more messages come.
  public func end() throws { try client.send([], end: true, on: self) }

  /// Gives the call up: RST_STREAM(CANCEL).
  public func cancel() throws { try client.peer.send(.reset(stream, 8)) }

  /// Waits for the next message; nil when the call is over.
  public func next() throws -> [UInt8]? {
    while true {
      if let message = cutMessage() { return message }
      if isOver { return nil }
      try client.pump()
    }
  }

  /// Waits for the next message, and decodes it; nil when the call is over.
  public func next<Message: WireMessage>(as type: Message.Type) throws -> Message? {
    try next().map { try Message(wireBytes: $0) }
  }

  /// Waits for the response's header section.
  public func headers() throws -> [HeaderField] {
    while reply.headers.isEmpty, !isOver { try client.pump() }
    return reply.headers
  }

  /// Waits for the end of the call. The messages are those that `next` has not given.
  public func finish() throws -> Reply {
    while let message = try next() { reply.messages.append(message) }
    return reply
  }

  func take(_ frame: Frame) {
    switch frame.kind {
    case .headers:
      if reply.headers.isEmpty { reply.headers = frame.fields }
      if frame.isEnd { reply.trailers = frame.fields }
    case .data:
      buffer += frame.payload
      if !frame.payload.isEmpty, !frame.isEnd {
        try? client.peer.send(.windowUpdate(stream, UInt32(frame.payload.count)))
      }
    case .rstStream: reply.reset = frame.number()
    default: break
    }
    if frame.isEnd || frame.kind == .rstStream { isOver = true }
  }

  private func cutMessage() -> [UInt8]? {
    guard buffer.count >= 5 else { return nil }
    let length = buffer[1..<5].reduce(0) { $0 << 8 | Int($1) }
    guard buffer.count >= 5 + length else { return nil }
    defer { buffer.removeFirst(5 + length) }
    return Array(buffer[5..<(5 + length)])
  }
}

/// What a call was answered with.
public struct Reply: Sendable {
  /// The first header section; also the last, where there is only one (trailers-only).
  public var headers: [HeaderField] = []
  /// The response messages that came, without their gRPC prefix.
  public var messages: [[UInt8]] = []
  /// The section that ended the stream; the same as `headers` in a trailers-only response.
  public var trailers: [HeaderField] = []
  /// The code of the RST_STREAM that ended it.
  public var reset: UInt32?

  /// The call did not end as the test needs it; the reply says how.
  public struct Unexpected: Error {
    /// What came instead.
    public let reply: Reply
  }

  /// A reply to which nothing has come yet.
  public init() {}

  /// `:status`; nil if there is none.
  public var httpStatus: Int? { value(":status", in: headers).flatMap { Int($0) } }
  /// `grpc-status`; nil if there is none.
  public var status: Int? { value("grpc-status", in: trailers).flatMap { Int($0) } }
  /// `grpc-message`, decoded.
  public var text: String { value("grpc-message", in: trailers).map { $0.removingPercentEncoding ?? $0 } ?? "" }
  /// `grpc-status-details-bin`: a google.rpc.Status.
  public var details: [UInt8]? {
    value("grpc-status-details-bin", in: trailers).flatMap { text in
      Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4)).map { Array($0) }
    }
  }
  /// Whether one header section is the whole response.
  public var isTrailersOnly: Bool { messages.isEmpty && headers == trailers }

  /// The one message of a successful call.
  /// - Throws: `Unexpected` if it failed or had another number of messages.
  public func message<Message: WireMessage>(as type: Message.Type = Message.self) throws -> Message {
    guard status == 0, messages.count == 1 else { throw Unexpected(reply: self) }
    return try Message(wireBytes: messages[0])
  }

  /// The first value of a name.
  public func value(_ name: String, in fields: [HeaderField]) -> String? { fields.first { $0.name == name }?.value }
}
