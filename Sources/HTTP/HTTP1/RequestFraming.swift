/// What the fields of a request say of the message and its connection. Wherever two recipients might read a body's end
/// differently (request smuggling), the request is refused. RFC 9112, sections 3.2, 6 and 9.
struct RequestFraming {
  enum Body: Equatable {
    case none
    case length(Int)
    case chunked
  }

  private(set) var body = Body.none
  /// Whether the connection may serve another request.
  private(set) var keepsAlive = true
  /// Whether the client waits for 100 (Continue) before it sends the body. RFC 9110, section 10.1.1.
  private(set) var expectsContinue = false
  /// Whether the client reads trailers (`te: trailers`). RFC 9110, section 10.1.4.
  private(set) var takesTrailers = false
  private var hasHost = false
  private var hasLength = false
  private var hasCoding = false

  /// How a field is used.
  enum FieldUse {
    case keep
    /// The field is connection-specific: it does not belong to the request. RFC 9110, section 7.6.1.
    case drop
    /// The field is the host, which HTTP/2 calls `:authority`.
    case authority
  }

  /// - Parameter name: in lower case.
  mutating func take(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(HTTP1Fault) -> FieldUse {
    switch name.count {
    case 2 where name.equals("te"):
      value.forEachMember { if $0.equalsIgnoringCase("trailers") { takesTrailers = true } }
    case 4 where name.equals("host"):
      guard !hasHost else { throw .malformed("the host is repeated") }
      guard ByteClass.isHost(value) else { throw .malformed("the host is invalid") }
      hasHost = true
      return .authority
    case 6 where name.equals("expect"):
      guard value.equalsIgnoringCase("100-continue") else { throw .expectation }
      expectsContinue = true
      return .drop
    case 7 where name.equals("upgrade"): return .drop
    case 10 where name.equals("connection"):
      value.forEachMember { if $0.equalsIgnoringCase("close") { keepsAlive = false } }
      return .drop
    case 10 where name.equals("keep-alive"), 16 where name.equals("proxy-connection"): return .drop
    case 14 where name.equals("content-length"): try takeLength(value)
    case 17 where name.equals("transfer-encoding"):
      try takeCoding(value)
      return .drop
    default: break
    }
    return .keep
  }

  private mutating func takeLength(_ value: UnsafeRawBufferPointer) throws(HTTP1Fault) {
    guard !hasLength else { throw .malformed("there is more than one content-length") }
    guard !hasCoding else { throw Self.both }
    hasLength = true
    guard let length = FieldSyntax.number(value) else { throw .malformed("the content-length is no number") }
    body = .length(length)
  }

  private mutating func takeCoding(_ value: UnsafeRawBufferPointer) throws(HTTP1Fault) {
    guard !hasCoding else { throw .malformed("there is more than one transfer-encoding") }
    guard !hasLength else { throw Self.both }
    hasCoding = true
    guard value.equalsIgnoringCase("chunked") else { throw .transferCoding }
    body = .chunked
  }

  private static let both = HTTP1Fault.malformed("there are both transfer-encoding and content-length")

  /// The header section is whole.
  mutating func finish() throws(HTTP1Fault) {
    guard hasHost else { throw .malformed("the host is missing") }
    if body == .length(0) || body == .none { expectsContinue = false }
  }

  /// Whether a field may stand in trailers: none that frames the message, routes it or is connection-specific. RFC
  /// 9110, section 6.5.1.
  static func allowsTrailer(_ name: UnsafeRawBufferPointer) -> Bool {
    let forbidden: [StaticString] = [
      "content-length", "transfer-encoding", "host", "connection", "keep-alive", "proxy-connection", "upgrade", "te",
      "trailer", "expect", "content-type", "content-encoding", "content-range", "authorization",
    ]
    return !forbidden.contains { name.equals($0) }
  }
}
