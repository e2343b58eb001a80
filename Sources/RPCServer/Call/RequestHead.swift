internal import HTTP
import RPCCore

/// What the header section of a request says to gRPC.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
struct RequestHead {
  enum Timeout { case none, nanoseconds(UInt64), malformed }
  /// What `grpc-encoding` says.
  enum Encoding { case known(CompressionAlgorithm), unknown(String) }

  var isPost = false
  var hasGRPCContentType = false
  var timeout = Timeout.none
  /// Nil where it is identity.
  var encoding: Encoding?

  init(_ block: HeaderBlock) {
    block.forEach { name, value in
      switch name.count {
      case 7: if name.equals(":method") { isPost = value.equals("POST") }
      case 12:
        if name.equals("content-type") {
          hasGRPCContentType = Self.isGRPC(value)
        } else if name.equals("grpc-timeout") {
          timeout = GRPCTimeout.parse(value).map(Timeout.nanoseconds) ?? .malformed
        }
      case 13:
        if name.equals("grpc-encoding"), !value.equals("identity") {
          encoding =
            CompressionAlgorithm(name: value).map(Encoding.known) ?? .unknown(String(decoding: value, as: UTF8.self))
        }
      default: break
      }
    }
  }

  /// `application/grpc`, and with what may follow: `+proto`, `;charset=…`. Subtypes such as grpc-web are another
  /// protocol.
  private static func isGRPC(_ value: UnsafeRawBufferPointer) -> Bool {
    let prefix: StaticString = "application/grpc"
    let length = prefix.utf8CodeUnitCount
    guard value.count >= length, UnsafeRawBufferPointer(rebasing: value[..<length]).equals(prefix) else { return false }
    return value.count == length || value[length] == UInt8(ascii: "+") || value[length] == UInt8(ascii: ";")
  }
}

/// The header block of a request, as metadata when a handler asks for it.
struct BlockHeaders: RequestHeaders {
  let block: HeaderBlock

  func metadata() -> Metadata {
    var metadata = Metadata()
    block.forEach { name, value in
      metadata.addReceived(name: String(decoding: name, as: UTF8.self), value: value)
    }
    return metadata
  }
}
