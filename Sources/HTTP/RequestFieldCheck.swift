internal import CNGHTTP2

/// Whether the fields of a request are well-formed (RFC 9113, sections 8.2 and 8.3), checked as they come.
///
/// It stands in for nghttp2's own check, which takes no `:authority` that can't be a host: clients on Unix sockets send
/// the socket's path (grpcurl; kubernetes#112597). It also costs a quarter of nghttp2's check.
struct RequestFieldCheck {
  private struct Seen: OptionSet {
    let rawValue: UInt8
    static let method = Seen(rawValue: 1)
    static let scheme = Seen(rawValue: 2)
    static let path = Seen(rawValue: 4)
    static let authority = Seen(rawValue: 8)
    static let host = Seen(rawValue: 16)
    static let all: Seen = [.method, .scheme, .path]
  }
  private enum Method { case connect, options, other }
  private enum Path { case absolute, asterisk, other }

  /// Whether a request may have any `:authority`, and none.
  private let takesAnyAuthority: Bool
  private var isTrailers = false
  /// Pseudo-header fields stand before all others, and never in trailers.
  private var takesPseudo = false
  private var seen: Seen = []
  private var method = Method.other
  private var path = Path.absolute
  /// The scheme is http or https.
  private var isHTTP = false
  /// What `content-length` of a request says; nil if it has none.
  private(set) var contentLength: Int?

  init(takesAnyAuthority: Bool) { self.takesAnyAuthority = takesAnyAuthority }

  mutating func begin(isTrailers: Bool) {
    self.isTrailers = isTrailers
    takesPseudo = !isTrailers
    seen = []
    contentLength = nil
  }

  /// False if the request is malformed.
  @inline(__always)
  mutating func take(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Bool {
    guard FieldSyntax.isValue(value) else { return false }
    if name.first == UInt8(ascii: ":") { return takesPseudo && takePseudo(name, value) }
    takesPseudo = false
    return switch name.count {
    case 2: name.equals("te") ? Self.isTrailers(value) : FieldSyntax.isName(name)
    case 4: name.equals("host") ? takeHost(value) : FieldSyntax.isName(name)
    case 14: name.equals("content-length") ? takeLength(value) : FieldSyntax.isName(name)
    case 7, 10, 16, 17: FieldSyntax.isName(name) && !Self.isOfConnection(name)
    default: FieldSyntax.isName(name)
    }
  }

  /// Whether nothing is missing, once all fields are there. RFC 9113, section 8.3.1; CONNECT: section 8.5.
  var isComplete: Bool {
    if isTrailers { return true }
    if method == .connect { return seen.isDisjoint(with: [.scheme, .path]) && seen.contains(.authority) }
    guard seen.isSuperset(of: .all) else { return false }
    guard takesAnyAuthority || !seen.isDisjoint(with: [.authority, .host]) else { return false }
    return path == .absolute || path == .asterisk && method == .options || !isHTTP
  }

  private mutating func takePseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    if name.equals(":authority") { return seen.insert(.authority).inserted && isAuthority(value) }
    guard let first = value.first else { return false }
    if name.equals(":path") {
      path = first == UInt8(ascii: "/") ? .absolute : value.equals("*") ? .asterisk : .other
      return seen.insert(.path).inserted && FieldSyntax.isPath(value)
    }
    if name.equals(":method") {
      method = value.equals("CONNECT") ? .connect : value.equals("OPTIONS") ? .options : .other
      return seen.insert(.method).inserted && (value.equals("POST") || FieldSyntax.isToken(value))
    }
    guard name.equals(":scheme") else { return false }
    isHTTP = value.equals("http") || value.equals("https")
    return seen.insert(.scheme).inserted && (isHTTP || FieldSyntax.isScheme(value))
  }

  private func isAuthority(_ value: UnsafeRawBufferPointer) -> Bool {
    takesAnyAuthority || !value.isEmpty && nghttp2_check_authority(value.bytes, value.count) != 0
  }

  private mutating func takeHost(_ value: UnsafeRawBufferPointer) -> Bool {
    seen.insert(.host).inserted && isAuthority(value)
  }

  private mutating func takeLength(_ value: UnsafeRawBufferPointer) -> Bool {
    guard contentLength == nil, let length = FieldSyntax.number(value) else { return false }
    if !isTrailers { contentLength = length }
    return true
  }

  /// RFC 9113, section 8.2.2.
  private static func isOfConnection(_ name: UnsafeRawBufferPointer) -> Bool {
    name.equals("connection") || name.equals("keep-alive") || name.equals("proxy-connection")
      || name.equals("transfer-encoding") || name.equals("upgrade")
  }

  /// In whatever case.
  private static func isTrailers(_ value: UnsafeRawBufferPointer) -> Bool {
    value.equals("trailers") || value.count == 8 && value.elementsEqual("trailers".utf8) { $0 | 0x20 == $1 }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var bytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
