internal import CNGHTTP2

/// Whether the fields of a request are well-formed (RFC 9113, sections 8.2 and 8.3), checked as they come.
///
/// It stands in for nghttp2's own check where any `:authority` is taken: that one resets streams whose `:authority`
/// can't be a host, and knows no exception. Clients on Unix sockets send the socket's path (grpcurl;
/// kubernetes#112597). Beside that it is laxer in one thing: a `content-length` that the body does not have is let
/// pass.
struct RequestFieldCheck {
  private struct Pseudo: OptionSet {
    let rawValue: UInt8
    static let method = Pseudo(rawValue: 1)
    static let scheme = Pseudo(rawValue: 2)
    static let path = Pseudo(rawValue: 4)
    static let authority = Pseudo(rawValue: 8)
    static let required: Pseudo = [.method, .scheme, .path]
  }

  private var seen: Pseudo = []
  /// Pseudo-header fields stand before all others, and never in trailers.
  private var takesPseudo = false

  mutating func begin(isTrailers: Bool) {
    seen = isTrailers ? .required : []
    takesPseudo = !isTrailers
  }

  /// False if the request is malformed.
  mutating func take(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Bool {
    guard nghttp2_check_header_value_rfc9113(value.bytes, value.count) != 0 else { return false }
    if name.first == UInt8(ascii: ":") { return takesPseudo && takePseudo(name, value) }
    takesPseudo = false
    guard nghttp2_check_header_name(name.bytes, name.count) != 0 else { return false }
    return !Self.isOfConnection(name) && (!name.equals("te") || Self.isTrailers(value))
  }

  /// Whether nothing is missing, once all fields are there.
  var isComplete: Bool { seen.isSuperset(of: .required) }

  private mutating func takePseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    if name.equals(":authority") { return seen.insert(.authority).inserted }
    guard !value.isEmpty else { return false }
    if name.equals(":method") {
      return seen.insert(.method).inserted && nghttp2_check_method(value.bytes, value.count) != 0
    }
    if name.equals(":path") { return seen.insert(.path).inserted && nghttp2_check_path(value.bytes, value.count) != 0 }
    return name.equals(":scheme") && seen.insert(.scheme).inserted
  }

  /// RFC 9113, section 8.2.2.
  private static func isOfConnection(_ name: UnsafeRawBufferPointer) -> Bool {
    name.equals("connection") || name.equals("keep-alive") || name.equals("proxy-connection")
      || name.equals("transfer-encoding") || name.equals("upgrade")
  }

  /// In whatever case.
  private static func isTrailers(_ value: UnsafeRawBufferPointer) -> Bool {
    value.count == 8 && value.elementsEqual("trailers".utf8) { $0 | 0x20 == $1 }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var bytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
