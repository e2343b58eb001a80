/// One request and its response on a session: what the peer has sent so far, and how far both halves are. Its handler
/// takes the bytes of one half and gives those of the other. The session has the operations: `respond`, `credit`,
/// `abort`.
///
/// Belongs to the thread of its session. Once it is closed and nobody else refers to it, the session uses the object
/// again for a later stream, so a handler must drop its reference at `.closed`.
public final class HTTPExchange {
  // Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another. What
  // other modules read for each call is computed: the attribute does not reach beyond this module.
  /// The stream identifier: odd, since clients open the streams. RFC 9113, section 5.1.1.
  @exclusivity(unchecked) public internal(set) var id: Int32
  /// Does the work of the exchange; nil after it was told that the exchange is closed.
  @exclusivity(unchecked) public internal(set) var handler: (any HTTPExchangeHandler)?
  /// The fields before the peer's body; complete when the handler is told `.head`.
  public internal(set) var head: HeaderBlock {
    get { storedHead }
    set { storedHead = newValue }
  }
  @exclusivity(unchecked) private var storedHead = HeaderBlock()
  /// The fields behind the peer's body, where there are any.
  @exclusivity(unchecked) public internal(set) var trailers: HeaderBlock?
  /// The peer has sent its last frame of this exchange (half-closed, remote).
  public internal(set) var isRemoteClosed: Bool {
    get { storedIsRemoteClosed }
    set { storedIsRemoteClosed = newValue }
  }
  @exclusivity(unchecked) private var storedIsRemoteClosed = false
  /// The exchange is over, for both sides.
  @exclusivity(unchecked) public internal(set) var isClosed = false
  /// Why it is over; `noError` after a normal end.
  public internal(set) var closeCode: HTTP2ErrorCode {
    get { storedCloseCode }
    set { storedCloseCode = newValue }
  }
  @exclusivity(unchecked) private var storedCloseCode = HTTP2ErrorCode.noError

  @exclusivity(unchecked) var events: Events = []
  /// The section that is being received is the trailers.
  @exclusivity(unchecked) var isReceivingTrailers = false
  /// Place in the session's list.
  @exclusivity(unchecked) var index = 0
  /// nghttp2 asked for body bytes and there were none: the session tells it when there are.
  @exclusivity(unchecked) var isBodyDeferred = false
  /// The handler is told nothing more of the request, which was answered early or is malformed.
  @exclusivity(unchecked) var isRequestIgnored = false
  /// Bytes of the body that `content-length` promises beside those that came; -1 if there is no such field.
  @exclusivity(unchecked) private var promisedBytes = -1
  /// When our half was complete before the peer's was.
  @exclusivity(unchecked) var answeredAt: UInt64?
  /// Bytes of the peer's body that came afterwards.
  @exclusivity(unchecked) var droppedBytes = 0

  init(id: Int32) { self.id = id }

  /// Forgets everything, for a stream of another id.
  func reset() {
    handler = nil
    head = HeaderBlock()
    trailers = nil
    isRemoteClosed = false
    isClosed = false
    closeCode = .noError
    events = []
    isReceivingTrailers = false
    isBodyDeferred = false
    isRequestIgnored = false
    promisedBytes = -1
    answeredAt = nil
    droppedBytes = 0
    carriesTrailers = true
  }

  /// Whether trailers can follow our body. Always in HTTP/2; in HTTP/1.1 only where the client said that it reads them
  /// (`te: trailers`).
  public internal(set) var carriesTrailers: Bool {
    get { storedCarriesTrailers }
    set { storedCarriesTrailers = newValue }
  }
  @exclusivity(unchecked) private var storedCarriesTrailers = true

  // MARK: content-length. RFC 9113, section 8.1.1

  func expectBody(_ length: Int?) { promisedBytes = length ?? -1 }

  /// Counts bytes of the body; false if they are more than `content-length` says.
  @inline(__always)
  func takesBody(_ count: Int) -> Bool {
    guard promisedBytes >= 0 else { return true }
    guard count <= promisedBytes else { return false }
    promisedBytes -= count
    return true
  }

  /// Whether nothing is missing at the body's end.
  var isBodyWhole: Bool { promisedBytes <= 0 }

  /// What has come since the handler was last told.
  public struct Events: OptionSet, Sendable {
    /// The bits of the set.
    public let rawValue: UInt8
    /// A set of these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The peer's header section is complete.
    public static let head = Events(rawValue: 1)
    /// Bytes of the peer's body came.
    public static let data = Events(rawValue: 2)
    /// Nothing more of the peer's half follows (END_STREAM).
    public static let end = Events(rawValue: 4)
    /// The exchange is closed, by both ends, by a reset or with its connection. No event follows.
    public static let closed = Events(rawValue: 8)
  }

  /// What follows the head of a response.
  public enum Body: Sendable, Hashable {
    /// Nothing: the head ends the response.
    case none
    /// So many bytes: HTTP/1.1 frames them by `content-length`.
    case length(Int)
    /// As many as `writeBody` gives: HTTP/1.1 sends chunks.
    case unknown
  }

  /// What becomes of the rest of a request that is answered before it is whole.
  public enum Remainder: Sendable, Hashable {
    /// So many bytes of it are read and dropped, so that an HTTP/1.1 connection can be used again.
    case discard(limit: Int)
    /// The peer is asked to stop; an HTTP/1.1 connection ends with the response.
    case abandon
  }

  /// Why an exchange is ended in its middle. HTTP/1.1 can only close its connection.
  public enum AbortReason: Sendable, Hashable {
    /// It is no longer needed.
    case cancelled
    /// Nothing of the request was processed: the peer may safely send it again.
    case refused
    /// The peer costs more than it may.
    case excessiveLoad
    /// This end failed.
    case internalError

    var code: HTTP2ErrorCode {
      switch self {
      case .cancelled: .cancel
      case .refused: .refusedStream
      case .excessiveLoad: .enhanceYourCalm
      case .internalError: .internalError
      }
    }
  }

  /// What a handler has to give when the session asks for more of our body.
  public enum BodyState {
    /// Bytes were written; there may be more.
    case more
    /// Nothing is there for now: `resumeBody` will be called.
    case later
    /// The body is over, and so is our half unless trailers follow.
    case end(trailers: HeaderFields?)
    /// The body breaks off behind what was written before, so that the peer does not take it for whole: HTTP/2 ends the
    /// stream by RST_STREAM(INTERNAL_ERROR), HTTP/1.1 its connection. Nothing was written this time.
    case broken
  }
}

/// Does the work of an exchange. All of it runs on the session's thread.
public protocol HTTPExchangeHandler: AnyObject {
  /// Takes bytes of the peer's body. It runs inside the session's `receive`: keep the bytes, and do nothing else. The
  /// connection's window is credited by the session, the stream's by the handler (`credit`).
  func receiveBody(_ bytes: UnsafeRawBufferPointer)

  /// Writes bytes of our body into the buffer and says how many. It runs inside the session's `nextOutput`, so it must
  /// not call the session.
  func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState)

  /// Handles the events since the last call, outside all callbacks. `.closed` comes once, and last: the handler then
  /// drops its reference to the exchange.
  func handle(_ events: HTTPExchange.Events)
}
