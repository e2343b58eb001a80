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
    let own: [any WireProtocol] = configuration.web == nil ? [] : [GRPCWebProtocol()]
    protocols = own + configuration.protocols
  }

  /// What a request is that is no call of gRPC.
  func choose(_ head: HeaderBlock, _ core: ServerCore) -> Choice {
    var crossOrigin = CrossOriginGrant()
    if let web, let origin = head.text("origin") {
      guard let grant = web.grant(origin: origin, authority: head.text(":authority") ?? "") else {
        return .answer(PlainAnswer(403))
      }
      crossOrigin = grant
    }
    guard head.text(":method") == "POST" else { return .answer(answerToOtherMethods(head, crossOrigin)) }
    let contentType = head.text("content-type") ?? ""
    let request = OfferedRequest(head: head, contentType: contentType, crossOrigin: crossOrigin, core: core)
    for candidate in protocols {
      if let head = candidate.accept(request) { return .call(head) }
    }
    let accepted = [GRPCProtocol.contentType] + protocols.flatMap(\.contentTypes)
    return .answer(PlainAnswer(415, [("accept-post", accepted.joined(separator: ", "))] + crossOrigin.fields))
  }

  private func answerToOtherMethods(_ head: HeaderBlock, _ grant: CrossOriginGrant) -> PlainAnswer {
    guard let web else { return PlainAnswer(405, [("allow", "POST")]) }
    let isPreflight = head.text(":method") == "OPTIONS" && head.text("access-control-request-method") == "POST"
    guard isPreflight, !grant.fields.isEmpty else { return PlainAnswer(405, [("allow", "POST, OPTIONS")]) }
    var fields =
      grant.fields + [
        ("access-control-allow-methods", "POST"), ("access-control-max-age", "\(web.preflightAge.components.seconds)"),
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
struct CrossOriginGrant {
  var fields: [(String, String)] = []

  /// With the names of all fields that the page may then read.
  func fields(exposing names: some Sequence<String>) -> [(String, String)] {
    fields.isEmpty
      ? [] : fields + [("access-control-expose-headers", Set(names).sorted().joined(separator: ","))]
  }
}
