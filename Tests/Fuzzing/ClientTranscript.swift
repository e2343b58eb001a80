import HTTP
import RPCClient
import RPCCore

/// What a client makes of the bytes of a server: the responses to four requests, of which the last one speaks gRPC-Web.
public struct ClientTranscript: Equatable, Sendable, CustomStringConvertible {
  /// One response.
  public struct Response: Equatable, Sendable, CustomStringConvertible {
    /// `:status`; nil: there is no head.
    public var httpStatus: Int?
    /// The head, as gRPC reads it.
    public var head = ""
    /// How many messages came, and what is wrong with their framing.
    public var messages = ""
    /// The trailers, as gRPC reads them.
    public var trailers = ""
    /// The code with which the stream was closed.
    public var code: UInt32?
    /// The rules of a session that it broke: nothing, if all is well.
    public var complaints: [String] = []

    /// For a person who has to compare two.
    public var description: String {
      "\(httpStatus ?? 0) [\(head)] \(messages) [\(trailers)] closed: \(code.map(String.init) ?? "never") \(complaints)"
    }
  }

  /// In the order of the requests.
  public private(set) var responses: [Response]
  /// Whether the server broke HTTP/2.
  public private(set) var isBroken = false

  /// Gives the bytes to a session.
  /// - Parameter cuts: the lengths of the pieces in which it gets them, again and again; at least 1 each. Empty: all in
  ///   one.
  public init(_ bytes: [UInt8], cuts: [Int] = []) {
    let players = (0..<4).map { ResponsePlayer(isWeb: $0 == 3) }
    guard let session = try? HTTP2ClientSession(now: 0) else {
      responses = []
      return
    }
    for player in players {
      player.exchange = try? session.request(Self.head, body: .none, handler: player)
    }
    Self.flush(session)
    var rest = bytes[...]
    var turn = 0
    while !rest.isEmpty, !isBroken {
      let count = cuts.isEmpty ? rest.count : max(1, cuts[turn % cuts.count])
      turn += 1
      let piece = Array(rest.prefix(count))
      rest = rest.dropFirst(count)
      do {
        try piece.withUnsafeBytes { try session.receive($0, now: 0) }
      } catch {
        isBroken = true
      }
      session.drainEvents()
      Self.flush(session)
    }
    session.end()
    responses = players.map { $0.finished() }
  }

  private static let head = HeaderFields([
    (":method", Array("POST".utf8)), (":scheme", Array("http".utf8)), (":path", Array("/a/b".utf8)),
    (":authority", Array("x".utf8)),
  ])

  private static func flush(_ session: HTTP2ClientSession) {
    while let bytes = try? session.nextOutput(), !bytes.isEmpty {}
    session.drainEvents()
  }

  /// For a person who has to compare two.
  public var description: String { "\(responses) broken: \(isBroken)" }
}

/// Takes one response, as a call does.
private final class ResponsePlayer: HTTPExchangeHandler {
  var exchange: HTTPExchange?
  private var response = ClientTranscript.Response()
  private var deframer = MessageDeframer(limit: 2048)
  private var count = 0
  private var failure: String?
  private let web: GRPCWebBody?
  private var isClosed = false

  init(isWeb: Bool) { web = isWeb ? GRPCWebBody(limit: 1024) : nil }

  func receiveBody(_ bytes: UnsafeRawBufferPointer) {
    if isClosed { response.complaints.append("bytes after the end") }
    if let web { web.append(bytes, to: &deframer) } else { deframer.append(bytes) }
  }

  func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    (0, .end(trailers: nil))
  }

  func handle(_ events: HTTPExchange.Events) {
    if isClosed { response.complaints.append("events after the end") }
    guard let exchange else { return }
    if events.contains(.head) {
      response.httpStatus = exchange.head.status ?? -1
      response.head = text(of: ResponseFields(exchange.head))
    }
    takeMessages()
    if events.contains(.end), let trailers = exchange.trailers {
      response.trailers = text(of: ResponseFields(trailers))
    }
    guard events.contains(.closed) else { return }
    response.code = exchange.closeCode.rawValue
    isClosed = true
    self.exchange = nil
  }

  private func takeMessages() {
    do {
      while failure == nil, case .message(let length, _) = try deframer.front(isEnded: false) {
        count += 1
        deframer.take(length: length) {
          if $0.count != length { response.complaints.append("a message has another length") }
        }
      }
    } catch {
      failure = "\(error)"
    }
  }

  private func text(of fields: ResponseFields) -> String {
    let error = fields.status()
    if let error, error.code == .ok { response.complaints.append("an error is OK") }
    return
      "\(fields.contentType) \(fields.encoding ?? "-") \(fields.pushback ?? "-") \(error?.code.rawValue ?? 0) \(error?.message ?? "") \(fields.metadata)"
  }

  func finished() -> ClientTranscript.Response {
    response.messages = "\(count) messages, \(failure ?? "well")"
    if let web {
      response.messages += ", \(web.failure.map { "\($0.code)" } ?? "well")"
      if let trailers = web.trailers {
        response.trailers = trailers.content.withUnsafeBytes { content in
          guard let fields = try? ResponseFields(webTrailers: content, limit: 1024) else { return "refused" }
          return text(of: fields)
        }
      }
    }
    if !isClosed { response.complaints.append("it was never closed") }
    return response
  }
}
