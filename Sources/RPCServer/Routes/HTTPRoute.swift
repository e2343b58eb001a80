public import ProtoWire
public import RPCCore

/// A handler of plain HTTP requests to one path, beside the calls: a page, a document, what a monitor reads. It runs as
/// calls do, with the same limits, deadlines (`grpc-timeout`), interceptors and errors, over each version of HTTP.
///
/// ```swift
/// configuration.routes = [
///   HTTPRoute("GET", "/version") { _, _ in HTTPResponse(type: "text/plain", Array("1.0\n".utf8)) }
/// ]
/// ```
public struct HTTPRoute: Sendable {
  /// The service that interceptors see in the method of each route.
  public static let serviceName = "http"

  /// GET, which HEAD requests are answered by too, POST, PUT, PATCH or DELETE.
  public let method: String
  /// The whole path, such as `/metrics`; compared as it is sent, without the query.
  public let path: String
  let handler: MethodHandler

  /// A route whose handler returns the whole response.
  /// - Parameters:
  ///   - method: the method of HTTP.
  ///   - path: the path, with a slash first.
  ///   - options: what an interceptor reads of a method's options, such as who may call it.
  ///   - handler: an error that it throws is answered by its status of HTTP, with JSON as AIP-193 has it.
  public init(
    _ method: String, _ path: String, options: Google_Protobuf_MethodOptions = .init(),
    handler: @escaping @Sendable (HTTPRequest, ServerContext) async throws -> HTTPResponse
  ) {
    self.method = method
    self.path = path
    let descriptor = MethodDescriptor(
      service: Self.serviceName, name: "\(method) \(path)", kind: .unary, options: options)
    self.handler = .unary(descriptor) { (body: Google_Protobuf_BytesValue, context: ServerContext) -> RoutePiece in
      let response = try await handler(HTTPRequest(context, body.value), context)
      guard case .bytes(let bytes) = response.body else {
        throw RPCError(.internal, "the route is none that streams")
      }
      return RoutePiece(response, bytes)
    }
  }

  /// A route whose responses may be streams: server-sent events, for example.
  /// - Parameters:
  ///   - method: the method of HTTP.
  ///   - path: the path, with a slash first.
  ///   - options: what an interceptor reads of a method's options, such as who may call it.
  ///   - handler: returns the head and what writes the body.
  public init(
    streaming method: String, _ path: String, options: Google_Protobuf_MethodOptions = .init(),
    handler: @escaping @Sendable (HTTPRequest, ServerContext) async throws -> HTTPResponse
  ) {
    self.method = method
    self.path = path
    let descriptor = MethodDescriptor(
      service: Self.serviceName, name: "\(method) \(path)", kind: .serverStreaming, options: options)
    self.handler = .serverStreaming(descriptor) {
      (body: Google_Protobuf_BytesValue, pieces: ResponseWriter<RoutePiece>, context: ServerContext) in
      let response = try await handler(HTTPRequest(context, body.value), context)
      switch response.body {
      case .bytes(let bytes): try await pieces.write(RoutePiece(response, bytes))
      case .stream(let write):
        try await pieces.write(RoutePiece(response, []))
        try await write(HTTPBodyWriter { try await pieces.write(RoutePiece($0)) })
      }
    }
  }

  /// A route whose handler calls methods of the server. Its responses may be streams.
  /// - Parameter handler: as above, with the calls that it may make.
  package init(
    calling method: String, _ path: String, options: Google_Protobuf_MethodOptions = .init(),
    handler: @escaping @Sendable (HTTPRequest, ServerContext, LocalCalls) async throws -> HTTPResponse
  ) {
    self.method = method
    self.path = path
    let descriptor = MethodDescriptor(
      service: Self.serviceName, name: "\(method) \(path)", kind: .serverStreaming, options: options)
    self.handler = MethodHandler(descriptor) { channel, context in
      guard let calls = LocalCalls(channel, context) else {
        throw RPCError(.internal, "a route was called without a server")
      }
      let body = try channel.singleRequest(as: Google_Protobuf_BytesValue.self).value
      var response = try await handler(HTTPRequest(context, body), context, calls)
      switch response.body {
      case .bytes(let bytes):
        response.headers.append(("content-length", "\(bytes.count)"))
        try await channel.send(RoutePiece(response, bytes), mayCompress: false)
      case .stream(let write):
        try await channel.send(RoutePiece(response, []), mayCompress: false)
        try await write(HTTPBodyWriter { try await channel.send(RoutePiece($0), mayCompress: false) })
      }
    }
  }
}

extension HTTPRequest {
  fileprivate init(_ context: ServerContext, _ body: [UInt8]) throws {
    guard let headers = context.call.headers as? BlockHeaders else {
      throw RPCError(.internal, "a route was called without a request")
    }
    self.init(headers.block, body: body)
  }
}
