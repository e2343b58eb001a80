/// How the calls of a channel look on the wire, over HTTP/2 in each case.
public enum ChannelProtocol: Sendable, Hashable {
  /// gRPC. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
  case grpc
  /// gRPC-Web in its binary form, for servers and proxies that speak only that: what ends a response is the last piece
  /// of its body. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
  case grpcWeb

  /// The `content-type` of requests.
  var contentType: String {
    switch self {
    case .grpc: "application/grpc"
    case .grpcWeb: "application/grpc-web+proto"
    }
  }

  /// Whether that is the `content-type` of a response with protobuf: with `+proto` or without, and with parameters or
  /// without.
  func accepts(_ contentType: String) -> Bool {
    let plain =
      switch self {
      case .grpc: "application/grpc"
      case .grpcWeb: "application/grpc-web"
      }
    guard contentType.hasPrefix(plain) else { return false }
    let suffix = contentType.dropFirst(plain.count).prefix { $0 != ";" && $0 != " " }
    return suffix.isEmpty || suffix == "+proto"
  }
}
