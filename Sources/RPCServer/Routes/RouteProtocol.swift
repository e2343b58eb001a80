internal import HTTP
import RPCCore

/// Plain HTTP requests to the paths of routes.
struct RouteProtocol: WireProtocol {
  /// By path, then by method.
  private let routes: [String: [String: Route]]

  let contentTypes: [String] = []
  let methods: [String]

  init(_ routes: [HTTPRoute]) {
    var byPath: [String: [String: Route]] = [:]
    for route in routes {
      byPath[route.path, default: [:]][route.method] = Route(route.handler, CallClasses())
    }
    self.routes = byPath
    methods = Set(routes.map(\.method)).sorted()
  }

  func accept(_ request: OfferedRequest) -> RequestHead? {
    let path = request.head.withPath { path in String(decoding: path.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
    }
    guard let found = routes[path] else { return nil }
    let format = RouteFormat(request.crossOrigin)
    var head = RequestHead(format: format)
    guard let route = found[request.method == "HEAD" ? "GET" : request.method] else {
      format.refusedStatus = 405
      let names = found.keys.contains("GET") ? Array(found.keys) + ["HEAD"] : Array(found.keys)
      let allowed = names.sorted().joined(separator: ", ")
      head.refusal = .init(RPCError(.unimplemented, "the path allows only \(allowed)"), fields: [("allow", allowed)])
      return head
    }
    head.route = route
    format.isStream = route.handler.descriptor.kind != .unary
    head.timeout = RequestTimeout.read(request.head, &head)
    return head
  }
}
