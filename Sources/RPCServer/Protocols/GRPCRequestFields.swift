package import HTTP
package import RPCCore

/// What gRPC says in the head of a request, also in gRPC-Web.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
struct GRPCRequestFields {
  private enum Timeout { case none, nanoseconds(UInt64), malformed }
  private enum Encoding { case known(CompressionAlgorithm), unknown(String) }

  private(set) var isPost = false
  /// `content-type` says gRPC, with protobuf.
  private(set) var isGRPC = false
  private var timeout = Timeout.none
  /// Nil where it is identity.
  private var encoding: Encoding?

  init(_ block: HeaderBlock) {
    block.forEach { name, value in
      switch name.count {
      case 7: if name.equals(":method") { isPost = value.equals("POST") }
      case 12:
        if name.equals("content-type") {
          isGRPC = Self.isGRPC(value)
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

  /// `application/grpc`, with `+proto` or without, and with parameters (`;charset=…`) or without. What else may follow
  /// a `+` says that messages are encoded otherwise.
  private static func isGRPC(_ value: UnsafeRawBufferPointer) -> Bool {
    let prefix: StaticString = "application/grpc"
    let length = prefix.utf8CodeUnitCount
    guard value.count >= length, UnsafeRawBufferPointer(rebasing: value[..<length]).equals(prefix) else { return false }
    return value.count == length || isProtobuf(UnsafeRawBufferPointer(rebasing: value[length...]))
  }

  private static func isProtobuf(_ suffix: UnsafeRawBufferPointer) -> Bool {
    let type = suffix.prefix { $0 != UInt8(ascii: ";") }
    return type.isEmpty || UnsafeRawBufferPointer(rebasing: type).equals("+proto")
  }

  func requestHead(_ head: HeaderBlock, _ format: any CallFormat, _ core: ServerCore) -> RequestHead {
    var request = RequestHead(format: format)
    request.route = head.withPath { core.router.route($0) }
    if case .nanoseconds(let timeout) = timeout { request.timeout = timeout }
    if case .malformed = timeout { request.refusal = .init(RPCError(.internal, "grpc-timeout is malformed")) }
    switch encoding {
    case nil: break
    case .known(let algorithm) where core.configuration.acceptedCompression.contains(algorithm):
      request.compression = algorithm
    case .known(let algorithm): request.refusal = Self.refusal(of: algorithm.name, core)
    case .unknown(let name): request.refusal = Self.refusal(of: PeerText.excerpt(name), core)
    }
    return request
  }

  /// https://github.com/grpc/grpc/blob/master/doc/compression.md
  private static func refusal(of encoding: String, _ core: ServerCore) -> RequestHead.Refusal {
    let supported = core.acceptEncoding
    return .init(
      RPCError(.unimplemented, "grpc-encoding \(encoding) is not supported; these are: \(supported)"),
      fields: [("grpc-accept-encoding", supported)])
  }

  /// Whether `grpc-accept-encoding` names this algorithm.
  static func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool {
    var isAccepted = false
    head.forEach { name, value in
      guard name.equals("grpc-accept-encoding") else { return }
      for part in value.split(separator: UInt8(ascii: ",")) {
        let text = String(decoding: part, as: UTF8.self)
        if text.drop(while: { $0 == " " }).prefix(while: { $0 != " " }) == algorithm.name { isAccepted = true }
      }
    }
    return isAccepted
  }
}

extension ResponseHead {
  var grpcCompressionFields: [(String, String)] {
    guard let acceptedCompression else { return [] }
    let accept = [("grpc-accept-encoding", acceptedCompression)]
    return compression.map { [("grpc-encoding", $0.name)] + accept } ?? accept
  }
}

extension ResponseEnd {
  /// With the status of a success too.
  var grpcFields: [TrailerSection.Field] { fields.isEmpty ? [("grpc-status", [UInt8(ascii: "0")])] : fields }
}

extension HeaderFields {
  package static func list(_ fields: [(String, String)]) -> [TrailerSection.Field] {
    fields.map { (name: $0.0, value: Array($0.1.utf8)) }
  }

  package static func list(_ metadata: Metadata) -> [TrailerSection.Field] {
    metadata.map { ($0.name, Metadata.wireValue($0.value)) }
  }
}
