internal import HTTP

/// A plain HTTP request, for the handler of an ``HTTPRoute``.
public struct HTTPRequest: Sendable {
  /// The method: GET, POST. A HEAD request looks like the GET that it stands for.
  public let method: String
  /// The path without the query: `/metrics`.
  public let path: String
  /// What follows the `?`, as it was sent; empty without one.
  public let query: String
  /// The header fields in order, names in lower case, without those that begin with a colon.
  public let headers: [(name: String, value: String)]
  /// The whole body.
  public let body: [UInt8]

  /// The first value of a header field; nil if there is none. `name` in lower case.
  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  init(_ head: HeaderBlock, body: [UInt8]) {
    var method = ""
    var target = ""
    var headers: [(name: String, value: String)] = []
    head.forEach { name, value in
      let text = String(decoding: value, as: UTF8.self)
      if name.first != UInt8(ascii: ":") {
        headers.append((String(decoding: name, as: UTF8.self), text))
      } else if name.equals(":method") {
        method = text == "HEAD" ? "GET" : text
      } else if name.equals(":path") {
        target = text
      }
    }
    self.method = method
    let end = target.firstIndex(of: "?") ?? target.endIndex
    path = String(target[..<end])
    query = String(target[end...].dropFirst())
    self.headers = headers
    self.body = body
  }
}
