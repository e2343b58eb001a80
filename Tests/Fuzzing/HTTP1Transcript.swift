public import HTTP

/// What a session of HTTP/1.1 makes of bytes: the requests, and what became of the connection. Each request that is
/// whole is answered at once.
public struct HTTP1Transcript: Equatable, Sendable, CustomStringConvertible {
  /// One request.
  public struct Request: Equatable, Sendable {
    /// Names and values, `:method` and the like among them.
    public var fields: [[String]] = []
    /// All of its body that came.
    public var body: [UInt8] = []
    /// Of a chunked body; nil if it had none.
    public var trailers: [[String]]?
    /// It came to its end.
    public var isWhole = false
  }

  /// In the order in which they came.
  public private(set) var requests: [Request] = []
  /// The status and the reason of the session's own answer; nil if it had no reason for one.
  public private(set) var fault: HTTP1Fault?
  /// The connection ends.
  public private(set) var isEnding = false
  /// What was sent, without 100 (Continue): a client that sends its body with its head is not told.
  public private(set) var output: [UInt8] = []

  /// Gives the bytes to a session.
  /// - Parameter cuts: the lengths of the pieces in which it gets them, again and again; at least 1 each. Empty: all in
  ///   one.
  public init(_ bytes: [UInt8], cuts: [Int] = []) {
    let player = Player()
    var rest = bytes[...]
    var turn = 0
    while !rest.isEmpty {
      let count = cuts.isEmpty ? rest.count : max(1, cuts[turn % cuts.count])
      turn += 1
      output += player.play(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    requests = player.handlers.map(\.request)
    fault = player.session.fault
    isEnding = player.session.isEnding
  }

  /// Whether the client was told the same, and the handlers too. `isEnding` may come later where the bytes do.
  public func isSame(as other: HTTP1Transcript) -> Bool {
    requests == other.requests && fault == other.fault && output == other.output
  }

  /// For a person who has to compare two.
  public var description: String {
    let texts = requests.map { "\($0.fields) \(String(decoding: $0.body, as: UTF8.self)) whole: \($0.isWhole)" }
    return "\(texts) fault: \(fault?.description ?? "none") ending: \(isEnding)"
  }
}

/// A session, and handlers that answer.
private final class Player: HTTPServerSessionDelegate {
  private static let proceed = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  private(set) var session: HTTP1Session!
  var handlers: [Answerer] = []

  init() { session = HTTP1Session(configuration: HTTP1Configuration(), delegate: self) }

  func makeHandler(for exchange: HTTPExchange) -> any HTTPExchangeHandler {
    let handler = Answerer(exchange, session)
    handlers.append(handler)
    return handler
  }

  func play(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    bytes.withUnsafeBytes { session.receive($0) }
    var moved = true
    while moved {
      moved = false
      session.beginTurn()
      session.drainEvents()
      while let bytes = session.nextOutput() {
        if !bytes.starts(with: Self.proceed) { output += bytes }
        moved = true
      }
    }
    return output
  }
}

private final class Answerer: HTTPExchangeHandler {
  private static let answer = HeaderFields([(":status", Array("200".utf8))])

  private let exchange: HTTPExchange
  private unowned let session: HTTP1Session
  private(set) var request = HTTP1Transcript.Request()

  init(_ exchange: HTTPExchange, _ session: HTTP1Session) {
    self.exchange = exchange
    self.session = session
  }

  func receiveBody(_ bytes: UnsafeRawBufferPointer) {
    request.body += bytes
    session.credit(exchange, bytes.count)
  }

  func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    (0, .end(trailers: nil))
  }

  func handle(_ events: HTTPExchange.Events) {
    if events.contains(.head) { request.fields = Self.list(exchange.head) }
    guard events.contains(.end) else { return }
    request.trailers = exchange.trailers.map(Self.list)
    request.isWhole = true
    session.respond(exchange, Self.answer, body: .none)
  }

  private static func list(_ block: HeaderBlock) -> [[String]] {
    var fields: [[String]] = []
    // As Latin-1, so that no byte is lost.
    block.forEach { name, value in fields.append([name, value].map { String($0.map { Character(UnicodeScalar($0)) }) })
    }
    return fields
  }
}
