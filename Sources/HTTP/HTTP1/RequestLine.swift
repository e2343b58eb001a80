/// The first line of a request: method, target, version. RFC 9112, section 3.
struct RequestLine {
  /// Longer than that of any registered method (RFC 9110, section 16.1).
  private static let longestMethod = 32

  let method: UnsafeRawBufferPointer
  /// Path and query, or `*`.
  let path: UnsafeRawBufferPointer
  /// The authority of a target in absolute form; nil for other forms.
  let authority: UnsafeRawBufferPointer?

  /// Single spaces, and nothing else on the line: two parsers may read anything looser differently.
  init(_ line: UnsafeRawBufferPointer) throws(HTTP1Fault) {
    guard let first = line.firstIndex(of: ByteClass.space) else {
      throw .malformed("the request line has no target")
    }
    let method = UnsafeRawBufferPointer(rebasing: line[..<first])
    guard FieldSyntax.isToken(method) else { throw .malformed("the method is not a token") }
    let rest = UnsafeRawBufferPointer(rebasing: line[(first + 1)...])
    guard let second = rest.firstIndex(of: ByteClass.space) else {
      throw .malformed("the request line has no version")
    }
    let target = UnsafeRawBufferPointer(rebasing: rest[..<second])
    try Self.checkVersion(UnsafeRawBufferPointer(rebasing: rest[(second + 1)...]))
    guard ByteClass.isTarget(target) else { throw .malformed("the target has characters that a URI can't have") }
    guard method.count <= Self.longestMethod, !method.equals("CONNECT") else { throw .method }
    self.method = method
    (authority, path) = try Self.split(target, isOptions: method.equals("OPTIONS"))
  }

  private static func checkVersion(_ version: UnsafeRawBufferPointer) throws(HTTP1Fault) {
    if version.equals("HTTP/1.1") { return }
    guard namesHTTP(version) else { throw .otherProtocol }
    let digits: ClosedRange<UInt8> = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard version.count == 8, UnsafeRawBufferPointer(rebasing: version[..<5]).equals("HTTP/"),
      digits.contains(version[5]), version[6] == UInt8(ascii: "."), digits.contains(version[7])
    else { throw .malformed("the request line does not end with a version of HTTP") }
    throw .version
  }

  /// Whether `HTTP/` stands anywhere in it, in whatever case: a mistyped line is one of HTTP still.
  private static func namesHTTP(_ text: UnsafeRawBufferPointer) -> Bool {
    text.indices.dropLast(4).contains {
      UnsafeRawBufferPointer(rebasing: text[$0..<($0 + 5)]).equalsIgnoringCase("http/")
    }
  }

  /// The four forms of a target, without that of CONNECT. RFC 9112, section 3.2.
  private static func split(
    _ target: UnsafeRawBufferPointer, isOptions: Bool
  ) throws(HTTP1Fault) -> (UnsafeRawBufferPointer?, UnsafeRawBufferPointer) {
    if target[0] == UInt8(ascii: "/") { return (nil, target) }
    if target.equals("*") {
      guard isOptions else { throw .malformed("the target * is for OPTIONS only") }
      return (nil, target)
    }
    for scheme: StaticString in ["http://", "https://"] {
      let length = scheme.utf8CodeUnitCount
      guard target.count > length,
        UnsafeRawBufferPointer(rebasing: target[..<length]).equalsIgnoringCase(scheme)
      else { continue }
      let rest = UnsafeRawBufferPointer(rebasing: target[length...])
      let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.count
      // With a query and no path, a path of "/" would have to be put between them.
      guard end > 0, end == rest.count || rest[end] == UInt8(ascii: "/") else { break }
      let path = end == rest.count ? Self.root : UnsafeRawBufferPointer(rebasing: rest[end...])
      return (UnsafeRawBufferPointer(rebasing: rest[..<end]), path)
    }
    throw .malformed("the target is neither a path nor a URI of http or https")
  }

  private static var root: UnsafeRawBufferPointer {
    let text: StaticString = "/"
    return UnsafeRawBufferPointer(start: text.utf8Start, count: 1)
  }
}
