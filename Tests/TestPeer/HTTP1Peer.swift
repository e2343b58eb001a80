public import EventLoop
public import Transport

/// A client of HTTP/1.1, scripted: text out, responses in. It waits without holding a thread. One task at a time.
public final class HTTP1Peer {
  /// A response.
  public struct Response: Sendable {
    /// The status line's number.
    public var status = 0
    /// Names in lower case, in order.
    public var fields: [(name: String, value: String)] = []
    /// All of the body.
    public var body: [UInt8] = []
    /// Of a chunked body.
    public var trailers: [(name: String, value: String)] = []
    /// The body was cut before its end.
    public var isCut = false

    /// The first value of a field; nil if it is not there.
    public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    /// The body.
    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  private let stream: ByteStream
  private var input: [UInt8] = []

  /// Connects, and sends nothing but TLS's handshake.
  /// - Parameter tls: nil for TCP alone; `host` is whom the server's certificate must be for.
  public init(_ address: SocketAddress, tls: (TLSClientContext, host: String)? = nil) async throws {
    stream = try await ByteStream.connect(to: address, tls: tls)
  }

  /// Closes the socket.
  public func close() { stream.close() }

  /// Closes the socket by a reset.
  public func reset() { stream.reset() }

  /// Says that nothing more will be sent.
  public func closeSending() { stream.closeSending() }

  /// Sends all of the bytes.
  public func send(_ bytes: [UInt8]) async throws {
    try await TestLoop.run {
      await Task.yield()
      // The end of TLS's handshake may wait there.
      while try !stream.sendRest() { try await stream.wait(for: .writable) }
      try bytes.withUnsafeBytes { try stream.send($0) }
      while try !stream.sendRest() { try await stream.wait(for: .writable) }
    }
  }

  /// Sends a text.
  public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  /// Sends a request with a body of a known length.
  public func request(_ method: String, _ path: String, _ fields: [String] = [], body: [UInt8] = []) async throws {
    let lines = ["\(method) \(path) HTTP/1.1", "host: test"] + fields + ["content-length: \(body.count)", "", ""]
    try await send(Array(lines.joined(separator: "\r\n").utf8) + body)
  }

  /// Sends a request, and waits for its response.
  public func answer(
    _ method: String, _ path: String, _ fields: [String] = [], body: [UInt8] = []
  ) async throws -> Response {
    try await request(method, path, fields, body: body)
    return try await response(isHEAD: method == "HEAD")
  }

  /// The next response, 100 (Continue) among them.
  /// - Throws: `Peer.Failure.ended` if the connection ends before its head.
  public func response(isHEAD: Bool = false) async throws -> Response {
    var response = Response()
    let words = try await line().split(separator: " ", maxSplits: 2)
    guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else { throw Peer.Failure.ended }
    response.status = status
    response.fields = try await section()
    guard !isHEAD, status != 204, status != 304, status >= 200 else { return response }
    do {
      if response.field("transfer-encoding") == "chunked" {
        try await readChunks(into: &response)
      } else {
        try await read(Int(response.field("content-length") ?? "") ?? 0, into: &response.body)
      }
    } catch Peer.Failure.ended {
      response.isCut = true
    }
    return response
  }

  private func readChunks(into response: inout Response) async throws {
    while true {
      guard let size = Int(try await line(), radix: 16) else { throw Peer.Failure.ended }
      if size == 0 { break }
      try await read(size, into: &response.body)
      guard try await line().isEmpty else { throw Peer.Failure.ended }
    }
    response.trailers = try await section()
  }

  private func section() async throws -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    while true {
      let line = try await line()
      if line.isEmpty { return fields }
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
      fields.append((parts[0].lowercased(), value))
    }
  }

  /// What is left until the server ends the connection.
  public func rest() async throws -> [UInt8] {
    while try await receive() {}
    defer { input = [] }
    return input
  }

  private func line() async throws -> String {
    while true {
      if let end = input.firstIndex(of: 10) {
        defer { input.removeFirst(end + 1) }
        return String(decoding: input[..<end].filter { $0 != 13 }, as: UTF8.self)
      }
      guard try await receive() else { throw Peer.Failure.ended }
    }
  }

  private func read(_ count: Int, into body: inout [UInt8]) async throws {
    while input.count < count {
      guard try await receive() else {
        body += input
        throw Peer.Failure.ended
      }
    }
    body += input.prefix(count)
    input.removeFirst(count)
  }

  /// False when the connection has ended.
  private func receive() async throws -> Bool {
    let bytes = try await TestLoop.run { () -> [UInt8] in
      while true {
        switch try stream.read() {
        case .bytes(let bytes): return bytes
        case .nothing: try await stream.wait(for: .readable)
        case .end: return []
        }
      }
    }
    input += bytes
    return !bytes.isEmpty
  }
}
