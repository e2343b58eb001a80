internal import HTTP
import RPCCore

/// Connect: unary calls as plain HTTP, streams in envelopes, messages as protobuf or JSON, over each version of HTTP.
/// https://connectrpc.com/docs/protocol
struct ConnectProtocol: WireProtocol {
  let contentTypes = [
    "application/proto", "application/json", "application/connect+proto", "application/connect+json",
  ]
  let methods = ["GET", "POST"]

  private let configuration: ConnectConfiguration

  init(_ configuration: ConnectConfiguration) { self.configuration = configuration }

  func accept(_ request: OfferedRequest) -> RequestHead? {
    switch request.method {
    case "GET": return acceptQuery(request)
    case "POST": break
    default: return nil
    }
    switch request.contentType.prefix(while: { $0 != ";" }).lowercased() {
    case "application/proto": return acceptUnary(request, isJSON: false)
    case "application/json": return acceptUnary(request, isJSON: true)
    case "application/connect+proto": return acceptStream(request, isJSON: false)
    case "application/connect+json": return acceptStream(request, isJSON: true)
    default: return nil
    }
  }

  // MARK: Unary

  private func acceptUnary(_ request: OfferedRequest, isJSON: Bool) -> RequestHead? {
    let path = request.head.withPath { String(decoding: $0, as: UTF8.self) }
    // JSON at other paths is somebody else's.
    guard !isJSON || request.core.router.hasService(of: path) else { return nil }
    let fields = ConnectFields(request.head, isStream: false)
    let isCompressed = fields.encoding.map { $0 != "identity" } ?? false
    let format = ConnectUnaryFormat(request, isJSON: isJSON, isCompressed: isCompressed)
    var head = RequestHead(format: format)
    head.route = request.head.withPath { request.core.router.route($0) }
    fields.apply(to: &head, isStream: false, configuration, request.core)
    check(&head, request, format, isJSON: isJSON)
    return head
  }

  private func check(_ head: inout RequestHead, _ request: OfferedRequest, _ format: ConnectUnaryFormat, isJSON: Bool) {
    guard let route = head.route else {
      format.refusedStatus = 404
      return
    }
    guard route.handler.descriptor.kind == .unary, !isJSON || request.transcoder != nil else {
      format.refusedStatus = 415
      let types = route.handler.descriptor.kind == .unary ? [contentTypes[0]] : Array(contentTypes[2...])
      head.refusal = .init(
        RPCError(.unimplemented, "the method takes \(types.joined(separator: " or "))"),
        fields: [("accept-post", types.joined(separator: ", "))])
      return
    }
  }

  /// A method without side effects may be called by GET, so that its responses can be cached.
  private func acceptQuery(_ request: OfferedRequest) -> RequestHead? {
    let target = request.head.withPath { Array($0) }
    let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
    guard let route = request.route(Array(target[..<end])) else { return nil }
    let query = ConnectQuery(target[end...].dropFirst())
    let isJSON = query.encoding == "json"
    var fields = ConnectFields(request.head, isStream: false)
    fields.encoding = query.compression
    fields.version = query.version.map { $0 == "v1" ? "1" : $0 }
    let isCompressed = fields.encoding.map { $0 != "identity" && !$0.isEmpty } ?? false
    if !isCompressed { fields.encoding = nil }
    let format = ConnectUnaryFormat(request, isJSON: isJSON, isCompressed: isCompressed, message: query.message ?? [])
    var head = RequestHead(format: format)
    head.route = route
    fields.apply(to: &head, isStream: false, configuration, request.core)
    if let fault = query.fault { head.refusal = .init(RPCError(.invalidArgument, fault)) }
    if !isJSON, query.encoding != "proto" {
      head.refusal = .init(RPCError(.invalidArgument, "encoding is neither proto nor json"))
    }
    check(&head, request, format, isJSON: isJSON)
    guard route.handler.descriptor.kind == .unary, route.handler.descriptor.idempotency == .noSideEffects else {
      format.refusedStatus = 405
      head.refusal = .init(
        RPCError(.unimplemented, "the method can't be called by GET: it may have side effects"),
        fields: [("allow", "POST")])
      return head
    }
    return head
  }

  // MARK: Streams

  private func acceptStream(_ request: OfferedRequest, isJSON: Bool) -> RequestHead? {
    let fields = ConnectFields(request.head, isStream: true)
    let format = ConnectStreamFormat(request, isJSON: isJSON)
    var head = RequestHead(format: format)
    head.route = request.head.withPath { request.core.router.route($0) }
    fields.apply(to: &head, isStream: true, configuration, request.core)
    guard let route = head.route else { return head }
    guard route.handler.descriptor.kind != .unary, !isJSON || request.transcoder != nil else {
      format.refusedStatus = 415
      let types = route.handler.descriptor.kind == .unary ? Array(contentTypes[..<2]) : [contentTypes[2]]
      head.refusal = .init(
        RPCError(.unimplemented, "the method takes \(types.joined(separator: " or "))"),
        fields: [("accept-post", types.joined(separator: ", "))])
      return head
    }
    return head
  }
}
