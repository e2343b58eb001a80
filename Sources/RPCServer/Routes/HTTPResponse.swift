/// The answer of an ``HTTPRoute``.
public struct HTTPResponse: Sendable {
  /// What follows the head.
  public enum Body: Sendable {
    /// All of it.
    case bytes([UInt8])
    /// What the function writes, as it writes it: only of a route that streams. If it throws, the response breaks off.
    case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
  }

  /// The status: 200 to 599.
  public var status: Int
  /// The header fields, names in lower case. `content-length` is added where it is known.
  public var headers: [(name: String, value: String)]
  /// What follows the head.
  public var body: Body

  /// An answer with a status, header fields and a body.
  public init(_ status: Int = 200, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// An answer that is a text of a media type, such as `text/plain; charset=utf-8`.
  public init(_ status: Int = 200, type contentType: String, _ text: [UInt8]) {
    self.init(status, headers: [("content-type", contentType)], body: .bytes(text))
  }
}

/// Writes the body of a response piece by piece. Any thread may use it, one task at a time.
public struct HTTPBodyWriter: Sendable {
  let sending: @Sendable ([UInt8]) async throws -> Void

  /// Sends a piece. Suspends while too much waits for the client to read.
  /// - Throws: `CancellationError` once the client has gone or the deadline has passed.
  public func write(_ bytes: [UInt8]) async throws {
    if !bytes.isEmpty { try await sending(bytes) }
  }
}
