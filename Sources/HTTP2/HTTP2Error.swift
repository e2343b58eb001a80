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
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let noError = HTTP2ErrorCode(rawValue: 0x0)
  public static let protocolError = HTTP2ErrorCode(rawValue: 0x1)
  public static let internalError = HTTP2ErrorCode(rawValue: 0x2)
  public static let settingsTimeout = HTTP2ErrorCode(rawValue: 0x4)
  public static let streamClosed = HTTP2ErrorCode(rawValue: 0x5)
  public static let refusedStream = HTTP2ErrorCode(rawValue: 0x7)
  public static let cancel = HTTP2ErrorCode(rawValue: 0x8)
  public static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 0xb)
}
