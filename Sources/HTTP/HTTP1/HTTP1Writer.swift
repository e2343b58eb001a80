internal import CNGHTTP2

/// Writes responses of HTTP/1.1: a head, and a body of a known length or in chunks. RFC 9112, sections 4, 6 and 7.
enum HTTP1Writer {
  /// How a response's body ends.
  enum Framing: Equatable {
    /// With the head, which says nothing about a length (204, 304) or that of another response (HEAD).
    case none
    /// After so many bytes.
    case length(Int)
    /// With a chunk of no bytes.
    case chunked
  }

  /// Bytes of a chunk at most.
  static let chunkSize = 16_384

  static func writeHead(
    _ head: HeaderFields, _ framing: Framing, date: HTTPDate?, closes: Bool, into output: inout HandoverBuffer
  ) {
    var status = 200
    var hasDate = date == nil
    head.forEach { name, value in
      if name.equals(":status") { status = value.reduce(0) { ($0 * 10 + Int($1 &- 0x30)) % 1000 } }
    }
    output.append("HTTP/1.1 \(status) \(reason(status))\r\n")
    head.forEach { name, value in
      // A `content-length` beside chunks, or beside another `content-length`, would make the response ambiguous.
      guard name.first != ByteClass.colon, !isOfConnection(name),
        framing == .none || !name.equals("content-length")
      else { return }
      if name.equals("date") { hasDate = true }
      writeField(name, value, into: &output)
    }
    if !hasDate, let date { output.append("date: \(date)\r\n") }
    switch framing {
    case .none: break
    case .length(let count): output.append("content-length: \(count)\r\n")
    case .chunked: output.append("transfer-encoding: chunked\r\n")
    }
    if closes { output.append("connection: close\r\n") }
    output.append("\r\n")
  }

  /// Leaves out a field whose bytes could begin another field or another response.
  private static func writeField(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into output: inout HandoverBuffer
  ) {
    guard FieldSyntax.isToken(name), FieldSyntax.isValue(value) else { return }
    output.append(name)
    output.append(": ")
    output.append(value)
    output.append("\r\n")
  }

  /// Appends a chunk of what `body` writes; nothing if it writes nothing, since that would end the body.
  static func writeChunk(into output: inout HandoverBuffer, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    // Four digits, CRLF, the bytes, CRLF.
    output.append(upTo: chunkSize + 8) { room in
      let data = UnsafeMutableRawBufferPointer(rebasing: room[6..<(6 + chunkSize)])
      let count = min(max(body(data), 0), chunkSize)
      guard count > 0 else { return 0 }
      let size = Array(String(count, radix: 16).utf8)
      room.copyBytes(from: size)
      room[size.count] = ByteClass.cr
      room[size.count + 1] = ByteClass.lf
      let start = size.count + 2
      if start < 6, let base = room.baseAddress {
        (base + start).copyMemory(from: base + 6, byteCount: count)
      }
      room[start + count] = ByteClass.cr
      room[start + count + 1] = ByteClass.lf
      return start + count + 2
    }
  }

  /// The last chunk, and the trailers.
  static func writeEnd(_ trailers: HeaderFields?, into output: inout HandoverBuffer) {
    output.append("0\r\n")
    trailers?.forEach { name, value in
      guard name.first != ByteClass.colon, RequestFraming.allowsTrailer(name) else { return }
      writeField(name, value, into: &output)
    }
    output.append("\r\n")
  }

  /// A whole response of the session's own, after which the connection ends.
  static func writeAnswer(_ status: Int, _ text: String, into output: inout HandoverBuffer) {
    output.append(
      "HTTP/1.1 \(status) \(reason(status))\r\ncontent-type: text/plain\r\n"
        + "content-length: \(text.utf8.count + 1)\r\nconnection: close\r\n\r\n\(text)\n")
  }

  /// RFC 9110, section 7.6.1.
  private static func isOfConnection(_ name: UnsafeRawBufferPointer) -> Bool {
    switch name.count {
    case 7: name.equals("upgrade")
    case 10: name.equals("connection") || name.equals("keep-alive")
    case 16: name.equals("proxy-connection")
    case 17: name.equals("transfer-encoding")
    default: false
    }
  }

  /// RFC 9110, section 15; RFC 6585. The reason phrase is for people; it is empty for a status that is not listed.
  private static func reason(_ status: Int) -> String {
    reasons[status] ?? ""
  }

  private static let reasons: [Int: String] = [
    100: "Continue", 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
    301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect",
    308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
    411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
    415: "Unsupported Media Type", 417: "Expectation Failed", 422: "Unprocessable Content",
    428: "Precondition Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    499: "Client Closed Request", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
  ]
}

extension HeaderFields {
  /// Calls `body` with each field in order. The bytes are valid only inside `body`.
  func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    for index in 0..<count {
      let field = pointer[index]
      body(
        UnsafeRawBufferPointer(start: field.name, count: field.namelen),
        UnsafeRawBufferPointer(start: field.value, count: field.valuelen))
    }
  }
}
