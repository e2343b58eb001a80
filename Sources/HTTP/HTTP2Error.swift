internal import CNGHTTP2

/// Why a connection can't go on.
public struct HTTP2Error: Error, Sendable, Hashable, CustomStringConvertible {
  private enum Kind { case badPreface, flooded, abusive, outOfMemory, protocolViolation }
  private let kind: Kind
  /// nghttp2's sentence.
  public let reason: String

  /// The first bytes were not the HTTP/2 connection preface: another protocol, or TLS sent to a port without.
  public var isBadPreface: Bool { kind == .badPreface }
  /// The peer made us answer more than it was ready to read, or sent a header section in too many frames.
  public var isFlooded: Bool { kind == .flooded }
  /// The peer spent a budget of `AbuseGuard`.
  public var isAbusive: Bool { kind == .abusive }

  /// The reason, in English, for logs.
  public var description: String { reason }

  init(abuse reason: StaticString) {
    kind = .abusive
    self.reason = "\(reason)"
  }

  /// The peer broke a rule that nghttp2 does not keep.
  init(violation reason: StaticString) {
    kind = .protocolViolation
    self.reason = "\(reason)"
  }

  init(code: Int) {
    switch Int32(truncatingIfNeeded: code) {
    case Int32(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue): kind = .badPreface
    case Int32(NGHTTP2_ERR_FLOODED.rawValue), Int32(NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue): kind = .flooded
    case Int32(NGHTTP2_ERR_NOMEM.rawValue): kind = .outOfMemory
    default: kind = .protocolViolation
    }
    reason = String(cString: nghttp2_strerror(Int32(truncatingIfNeeded: code)))
  }
}

/// An HTTP/2 error code. RFC 9113, section 7.
public struct HTTP2ErrorCode: Sendable, Hashable {
  /// The number on the wire, also one that RFC 9113 does not know.
  public let rawValue: UInt32

  /// A code of any number: a peer may send what has no name here.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// No error: what GOAWAY carries on a graceful shutdown.
  public static let noError = HTTP2ErrorCode(rawValue: 0x0)
  /// The peer broke a rule of the protocol that has no code of its own.
  public static let protocolError = HTTP2ErrorCode(rawValue: 0x1)
  /// This end failed.
  public static let internalError = HTTP2ErrorCode(rawValue: 0x2)
  /// The peer did not acknowledge SETTINGS in time.
  public static let settingsTimeout = HTTP2ErrorCode(rawValue: 0x4)
  /// A frame came for a stream that was half-closed or closed.
  public static let streamClosed = HTTP2ErrorCode(rawValue: 0x5)
  /// The stream was refused before any of it was processed: the peer may safely send the request again.
  public static let refusedStream = HTTP2ErrorCode(rawValue: 0x7)
  /// The stream is no longer needed.
  public static let cancel = HTTP2ErrorCode(rawValue: 0x8)
  /// The peer makes more load than this end accepts.
  public static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 0xb)
}
