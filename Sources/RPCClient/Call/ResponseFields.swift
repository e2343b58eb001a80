internal import HTTP
internal import ProtoWire
internal import RPCCore

/// What a section of a response says: its head, or its trailers.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
struct ResponseFields {
  /// `content-type` says gRPC, with protobuf.
  private(set) var isGRPC = false
  private(set) var contentType = ""
  /// Nil: there is no `grpc-encoding`, or it is identity.
  private(set) var encoding: String?
  /// `grpc-status`, where there is one.
  private(set) var statusText: String?
  private var message = ""
  private var details: [UInt8]?
  /// `grpc-retry-pushback-ms`.
  private(set) var pushback: String?
  private(set) var metadata = Metadata()

  init(_ block: HeaderBlock) {
    block.forEach { name, value in
      if name.equals("content-type") {
        contentType = String(decoding: value, as: UTF8.self)
        isGRPC = Self.isGRPC(contentType)
      } else if name.equals("grpc-status") {
        if statusText == nil { statusText = String(decoding: value, as: UTF8.self) }
      } else if name.equals("grpc-message") {
        message = PercentEncoding.decode(value)
      } else if name.equals("grpc-status-details-bin") {
        var held = Metadata()
        // Read as any binary value is; the name is reserved, and no metadata.
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
  }

  /// `application/grpc`, with `+proto` or without, and with parameters or without.
  private static func isGRPC(_ type: String) -> Bool {
    guard type.hasPrefix("application/grpc") else { return false }
    let suffix = type.dropFirst("application/grpc".count).prefix { $0 != ";" && $0 != " " }
    return suffix.isEmpty || suffix == "+proto"
  }

  /// The call's status: nil is OK. UNKNOWN for a number that gRPC does not define, or no number.
  func status() -> RPCError? {
    let code = statusText.flatMap(Int.init).flatMap(StatusCode.init(rawValue:)) ?? .unknown
    guard code != .ok else { return nil }
    var error = RPCError(code, message, metadata: metadata)
    if let details, let status = try? Google_Rpc_Status(wireBytes: details) {
      // What the details say of code and message is for those that have no other source.
      error.details = status.details.map { ErrorDetail(packed: $0) }
    }
    return error
  }
}
