import HTTP
import ProtoWire
import RPCCore
import RPCServer

/// Takes the requests of a `JSONGateway`: all that no other protocol takes, because a request that matches no method
/// gets a JSON error too.
struct GatewayProtocol: WireProtocol {
  private static let lineTypes = ["application/x-ndjson", "application/ndjson", "application/jsonl"]

  let gateway: JSONGateway
  let contentTypes = ["application/json"]
  let methods: [String]

  init(_ gateway: JSONGateway) {
    self.gateway = gateway
    methods = Set(gateway.bindings.map { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] }.joined()).sorted()
  }

  func accept(_ request: OfferedRequest) -> RequestHead? {
    let target = request.head.withPath { Array($0) }
    let path = target.prefix { $0 != UInt8(ascii: "?") }
    let query = target.dropFirst(path.count + 1)
    let format = GatewayFormat(gateway, request)
    let method = request.method == "HEAD" ? "GET" : request.method
    switch gateway.router.match(Array(path), method: method) {
    case .nothing:
      // Paths of gRPC methods belong to other protocols, which answer unsuitable requests there themselves.
      if request.route(Array(path)) != nil { return nil }
      return refusal(format, 404, RPCError(.notFound, "there is nothing at this path"))
    case .malformed:
      return refusal(format, 400, RPCError(.invalidArgument, "the path is not valid percent-encoded UTF-8"))
    case .otherMethods(let methods):
      let all = methods.contains("GET") ? methods + ["HEAD"] : methods
      let allowed = all.sorted().joined(separator: ", ")
      return refusal(format, 405, RPCError(.unimplemented, "the path allows only \(allowed)"), [("allow", allowed)])
    case .found(let index, let values):
      return accept(request, gateway.bindings[index], values, Array(query), format)
    }
  }

  private func accept(
    _ request: OfferedRequest, _ binding: HTTPBinding, _ values: [String], _ query: [UInt8], _ format: GatewayFormat
  ) -> RequestHead {
    guard let route = request.route(Array(binding.descriptor.path.utf8)) else {
      return refusal(format, 501, RPCError(.unimplemented, "the method is not served here"))
    }
    var head = RequestHead(format: format)
    head.route = route
    head.timeout = RequestTimeout.read(request.head, &head)
    guard head.refusal == nil else { return head }
    do throws(RPCError) {
      try format.bind(binding, values, query, request)
    } catch {
      head.refusal = .init(error)
      return head
    }
    refuseContent(request, binding, format, &head)
    return head
  }

  /// Refuses content types and content encodings that the method does not take.
  private func refuseContent(
    _ request: OfferedRequest, _ binding: HTTPBinding, _ format: GatewayFormat, _ head: inout RequestHead
  ) {
    let isStream = !binding.descriptor.kind.hasSingleRequest
    let accepted = isStream ? Self.lineTypes + contentTypes : contentTypes
    let type = request.contentType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    // A request without a content type may have no body; if it has one, the JSON parser decides.
    let hasBody = if case .none = binding.body { false } else { true }
    if hasBody, !type.isEmpty, !accepted.contains(type) {
      format.status = 415
      let list = accepted.joined(separator: ", ")
      head.refusal = .init(
        RPCError(.invalidArgument, "the body must be \(list), not \(PeerText.excerpt(type))"),
        fields: [(request.method == "PATCH" ? "accept-patch" : "accept-post", list)])
      return
    }
    switch request.head.text("content-encoding")?.lowercased() {
    case nil, "", "identity": break
    case "gzip" where !isStream, "x-gzip" where !isStream: head.compression = .gzip
    case .some(let coding):
      format.status = 415
      head.refusal = .init(
        RPCError(.invalidArgument, "the content encoding \(PeerText.excerpt(coding)) is not supported"),
        fields: [("accept-encoding", isStream ? "identity" : "gzip, identity")])
    }
  }

  private func refusal(
    _ format: GatewayFormat, _ status: Int, _ error: RPCError, _ fields: [(String, String)] = []
  ) -> RequestHead {
    format.status = status
    var head = RequestHead(format: format)
    head.refusal = .init(error, fields: fields)
    return head
  }
}
