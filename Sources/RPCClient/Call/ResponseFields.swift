package import HTTP
internal import ProtoWire
package import RPCCore

/// What a section of a response says: its head, or its trailers.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
package struct ResponseFields {
  package private(set) var contentType = ""
  /// Nil: there is no `grpc-encoding`, or it is identity.
  package private(set) var encoding: String?
  /// `grpc-status`, where there is one.
  package private(set) var statusText: String?
  private var message = ""
  private var details: [UInt8]?
  /// `grpc-retry-pushback-ms`.
  package private(set) var pushback: String?
  package private(set) var metadata = Metadata()

  package init(_ block: HeaderBlock) {
    block.forEach { add($0, $1) }
  }

  /// The trailers that are the last piece of a gRPC-Web body: lines of a name in any case, a colon, and a value.
  /// - Parameter limit: what the fields may weigh, counted as RFC 9113, section 6.5.2 does.
  package init(webTrailers: UnsafeRawBufferPointer, limit: Int) throws(RPCError) {
    var weight = 0
    for line in webTrailers.split(whereSeparator: { $0 == 0x0d || $0 == 0x0a }) {
      let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
      weight += line.count + 31
      guard weight <= limit else {
        throw RPCError(.resourceExhausted, "the trailers are larger than the client takes")
      }
      let name = line[..<colon].map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
      var text = line[colon...].dropFirst().drop { $0 == 0x20 || $0 == 0x09 }
      while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
      let value = UnsafeRawBufferPointer(rebasing: text)
      let isField = name.withUnsafeBytes { name in
        guard colon < line.endIndex, FieldSyntax.isName(name), FieldSyntax.isValue(value) else { return false }
        add(name, value)
        return true
      }
      guard isField else { throw RPCError(.internal, "a line of the trailers is malformed") }
    }
  }

  private mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    if name.equals("content-type") {
      contentType = String(decoding: value, as: UTF8.self)
    } else if name.equals("grpc-status") {
      if statusText == nil { statusText = String(decoding: value, as: UTF8.self) }
    } else if name.equals("grpc-message") {
      message = PercentEncoding.decode(value)
    } else if name.equals("grpc-status-details-bin") {
      var held = Metadata()
      // Decoded like any other binary value. The name is reserved, so this is not metadata.
      held.addReceived(name: "details-bin", value: value)
      details = held.bytes("details-bin").first
    } else if name.equals("grpc-encoding") {
      if !value.equals("identity") { encoding = String(decoding: value, as: UTF8.self) }
    } else if name.equals("grpc-retry-pushback-ms") {
      pushback = String(decoding: value, as: UTF8.self)
    } else {
      metadata.addReceived(name: String(decoding: name, as: UTF8.self), value: value)
    }
  }

  /// The call's status: nil is OK. UNKNOWN for a number that gRPC does not define, or no number.
  package func status() -> RPCError? {
    let code = statusText.flatMap(Int.init).flatMap(StatusCode.init(rawValue:)) ?? .unknown
    guard code != .ok else { return nil }
    var error = RPCError(code, message, metadata: metadata)
    if let details, let status = try? Google_Rpc_Status(wireBytes: details) {
      // The code and the message inside the details are not used: `grpc-status` and `grpc-message` have them.
      error.details = status.details.map { ErrorDetail(packed: $0) }
    }
    return error
  }
}
