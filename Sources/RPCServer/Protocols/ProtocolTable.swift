internal import HTTP

/// The protocols of a server beside gRPC, and what is answered to requests that none of them takes. Also answers
/// browsers that ask whether a page of another origin may call. https://fetch.spec.whatwg.org/#http-cors-protocol
struct ProtocolTable: Sendable {
  enum Choice {
    case call(RequestHead)
    case answer(PlainAnswer)
  }

  /// Bytes of the names that a page may ask for.
  private static let longestPreflight = 2048

  private let protocols: [any WireProtocol]
  private let web: WebConfiguration?

  init(_ configuration: ServerConfiguration) {
    web = configuration.web
    let web: [any WireProtocol] = configuration.web == nil ? [] : [GRPCWebProtocol()]
    let routes: [any WireProtocol] = configuration.routes.isEmpty ? [] : [RouteProtocol(configuration.routes)]
    let connect: [any WireProtocol] = configuration.connect.map { [GRPCJSONProtocol(), ConnectProtocol($0)] } ?? []
    // In the order in which they are asked. Connect takes the paths of the services only.
    protocols = web + connect + routes + configuration.protocols
  }

  /// What a request is that is no call of gRPC.
  func choose(_ head: HeaderBlock, _ owner: ServerLoop, carriesTrailers: Bool) -> Choice {
    var crossOrigin = CrossOriginGrant()
    if let web, let origin = head.text("origin") {
      guard let grant = web.grant(origin: origin, authority: head.text(":authority") ?? "") else {
        return .answer(PlainAnswer(403))
      }
      crossOrigin = grant
    }
    let method = head.text(":method") ?? ""
    if let web, method == "OPTIONS", !crossOrigin.fields.isEmpty, let answer = preflight(head, web, crossOrigin) {
      return .answer(answer)
    }
    let request = OfferedRequest(
      head: head, method: method, contentType: head.text("content-type") ?? "", crossOrigin: crossOrigin,
      carriesTrailers: carriesTrailers, owner: owner)
    for candidate in protocols {
      if let head = candidate.accept(request) { return .call(head) }
    }
    guard method == "POST" else {
      return .answer(PlainAnswer(405, [("allow", allowed(beside: web == nil ? [] : ["OPTIONS"]))]))
    }
    let accepted = [GRPCProtocol.contentType] + protocols.flatMap(\.contentTypes)
    return .answer(PlainAnswer(415, [("accept-post", accepted.joined(separator: ", "))] + crossOrigin.fields))
  }

  /// The methods of all protocols.
  private func allowed(beside more: [String] = []) -> String {
    var methods = ["POST"]
    for method in protocols.flatMap(\.methods) + more where !methods.contains(method) { methods.append(method) }
    return methods.joined(separator: ", ")
  }

  /// Nil if it is none, or none for a method that any protocol takes.
  private func preflight(_ head: HeaderBlock, _ web: WebConfiguration, _ grant: CrossOriginGrant) -> PlainAnswer? {
    guard let method = head.text("access-control-request-method"),
      method == "POST" || protocols.contains(where: { $0.methods.contains(method) })
    else { return nil }
    var fields =
      grant.fields + [
        ("access-control-allow-methods", allowed()),
        ("access-control-max-age", "\(web.preflightAge.components.seconds)"),
      ]
    if let wanted = head.text("access-control-request-headers") {
      // Names of header fields can't be cut: a page that wants more than any does gets none.
      guard wanted.utf8.count <= Self.longestPreflight else { return PlainAnswer(431, grant.fields) }
      fields.append(("access-control-allow-headers", wanted))
    }
    return PlainAnswer(204, fields)
  }
}

/// What a browser is told so that a page of another origin may read a response. Nothing where it need not be told.
package struct CrossOriginGrant: Sendable {
  package var fields: [(String, String)] = []

  /// With the names of all fields that the page may then read.
  package func fields(exposing names: some Sequence<String>) -> [(String, String)] {
    fields.isEmpty
      ? [] : fields + [("access-control-expose-headers", Set(names).sorted().joined(separator: ","))]
  }
}
