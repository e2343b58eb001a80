/// A stream of a session. A subclass is the call that runs on it. Belongs to the thread of its session.
open class HTTP2Stream {
  /// The stream identifier: odd, since clients open the streams. RFC 9113, section 5.1.1.
  public let id: Int32
  /// The request's fields; complete when `events` holds `.head`.
  @exclusivity(unchecked) public internal(set) var head = HeaderBlock()
  /// The fields behind the request's body, where there are any.
  public internal(set) var trailers: HeaderBlock?
  /// The peer has sent its last frame of this stream (half-closed, remote).
  @exclusivity(unchecked) public internal(set) var isRemoteClosed = false
  /// The stream is over, for both sides.
  @exclusivity(unchecked) public internal(set) var isClosed = false
  /// Why it is over; `noError` after a normal end.
  @exclusivity(unchecked) public internal(set) var closeCode = HTTP2ErrorCode.noError

  /// What came since the connection last looked.
  public struct Events: OptionSet, Sendable {
    /// The bits of the set.
    public let rawValue: UInt8
    /// A set of these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The request's header section is complete.
    public static let head = Events(rawValue: 1)
    /// Bytes of the request's body came.
    public static let data = Events(rawValue: 2)
    /// The peer has sent END_STREAM: nothing more of the request follows.
    public static let end = Events(rawValue: 4)
    /// The stream is closed, by both ends, by a reset or with its connection. No event follows.
    public static let closed = Events(rawValue: 8)
  }

  @exclusivity(unchecked) var events: Events = []
  /// The section that is being received is the trailers.
  @exclusivity(unchecked) var isReceivingTrailers = false
  /// Place in the session's list.
  @exclusivity(unchecked) var index = 0
  /// nghttp2 asked for body bytes and there were none: it must be told when there are.
  @exclusivity(unchecked) var isBodyDeferred = false

  /// A stream that has received nothing. The session's delegate makes it.
  public init(id: Int32) { self.id = id }

  /// Bytes of the request's body, in a callback of nghttp2: take them, and do nothing else. Window credit is the
  /// caller's.
  open func receive(_ bytes: UnsafeRawBufferPointer) {}

  /// What a stream has to give when the session asks for more of the response's body.
  public enum BodyState {
    /// Bytes were written; there may be more.
    case more
    /// Nothing is there for now: `resumeBody` will be called.
    case later
    /// The body is over, and so is the stream unless trailers follow.
    case end(trailers: HeaderFields?)
  }

  /// Writes bytes of the response's body, in a callback of nghttp2: no call into the session from here.
  open func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: BodyState) {
    (0, .end(trailers: nil))
  }
}
