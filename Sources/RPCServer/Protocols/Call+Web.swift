internal import HTTP
internal import Primitives
import RPCCore

/// What makes a call one of gRPC-Web: the same messages, but the trailers are the body's last piece, and in the text
/// form all of it is base64. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
// Belongs to its call's loop.
final class WebExchange {
  /// The request's, which is the response's too.
  let contentType: String
  let isText: Bool
  /// What the browser wants to hear of the page's origin.
  let corsFields: [(String, String)]
  private var decoder = Base64.Stream()
  /// The request is not the base64 that it should be.
  private(set) var isDamaged = false

  init(contentType: String, isText: Bool, corsFields: [(String, String)]) {
    self.contentType = contentType
    self.isText = isText
    self.corsFields = corsFields
  }

  /// What of the text form is decoded by now.
  func decode(_ text: UnsafeRawBufferPointer) -> [UInt8] {
    let bytes = decoder.decode(text)
    isDamaged = bytes == nil
    return bytes ?? []
  }

  /// CORS fields, with the names of all fields that the page may then read.
  func fields(exposing names: some Sequence<String>) -> [(String, String)] {
    corsFields.isEmpty
      ? [] : corsFields + [("access-control-expose-headers", Set(names).sorted().joined(separator: ","))]
  }
}

/// gRPC-Web, beside the usual way of a call.
extension Call {
  // MARK: Requests

  /// Takes a request that is not plain gRPC: as gRPC-Web, where that is served. What is neither is refused, and a
  /// browser's question whether a page may call is answered; both are false.
  func acceptAsWeb(_ head: HeaderBlock, isPost: Bool) -> Bool {
    guard let configuration = configuration.web else {
      if isPost {
        refuseAsHTTP(415, [("accept-post", "application/grpc")])
      } else {
        refuseAsHTTP(405, [("allow", "POST")])
      }
      return false
    }
    var cors: [(String, String)] = []
    if let origin = head.text("origin") {
      guard let fields = configuration.fields(for: origin, authority: head.text(":authority") ?? "") else {
        refuseAsHTTP(403, [])
        return false
      }
      cors = fields
    }
    guard isPost else {
      answerPreflight(head, configuration, cors)
      return false
    }
    let contentType = head.text("content-type") ?? ""
    guard let form = WebForm(contentType) else {
      refuseAsHTTP(415, [("accept-post", "application/grpc, application/grpc-web, application/grpc-web-text")] + cors)
      return false
    }
    // Said again in the response, unless there is more to it than to any sensible one.
    let answered = contentType.utf8.count <= PeerText.limit ? contentType : form.contentType
    let web = WebExchange(contentType: answered, isText: form == .text, corsFields: cors)
    self.web = web
    if web.isText {
      let early = deframer.takeAll()
      early.withUnsafeBytes { receiveText($0, web) }
    }
    return true
  }

  /// Bytes of the names that a page may ask for.
  private static let longestPreflight = 2048

  /// https://fetch.spec.whatwg.org/#http-cors-protocol
  private func answerPreflight(
    _ head: HeaderBlock, _ configuration: WebConfiguration, _ cors: [(String, String)]
  ) {
    guard head.text(":method") == "OPTIONS", head.text("access-control-request-method") == "POST", !cors.isEmpty else {
      return refuseAsHTTP(405, [("allow", "POST, OPTIONS")])
    }
    var fields =
      cors + [
        ("access-control-allow-methods", "POST"),
        ("access-control-max-age", "\(configuration.preflightAge.components.seconds)"),
      ]
    if let wanted = head.text("access-control-request-headers") {
      // Names of header fields can't be cut: a page that wants more than any does gets none.
      guard wanted.utf8.count <= Self.longestPreflight else { return refuseAsHTTP(431, cors) }
      fields.append(("access-control-allow-headers", wanted))
    }
    refuseAsHTTP(204, fields)
  }

  /// May be in a callback of nghttp2, so damage is only noted.
  func receiveText(_ text: UnsafeRawBufferPointer, _ web: WebExchange) {
    web.decode(text).withUnsafeBytes { deframer.append($0) }
  }

  // MARK: Responses

  /// Puts the trailers behind the messages. A call that has said nothing yet, and has no initial metadata, needs no
  /// body: they become its head.
  func enqueueWebTrailers() {
    guard let web, outcome?.isNotGRPC == false else { return }
    guard isHeadSubmitted || !outbound.isEmpty || hasInitialMetadata else { return }
    let block = makeTrailers().flatMap { name, value in
      Array("\(name): ".utf8) + value + Array("\r\n".utf8)
    }
    let frame = MessagePrefix.bytes(flag: WebExchange.trailersFlag, length: block.count) + block
    outbound.append(web.isText ? Base64.encodePadded(frame) : frame)
  }

  /// Says the head, or all of a response without a body.
  func submit(_ exchange: HTTPExchange, to session: HTTP2Session, _ web: WebExchange, initial: Metadata) {
    guard let outcome, outbound.isEmpty else {
      let names = initial.map(\.name) + compressionFields.map(\.0)
      let fields = ResponseFields.web(
        web.contentType, extra: compressionFields + web.fields(exposing: names), initial: initial)
      return session.respond(exchange, fields, body: .unknown)
    }
    let trailers = makeTrailers()
    let names = trailers.map(\.name) + outcome.extra.map(\.0)
    let fields = ResponseFields.web(
      web.contentType, httpStatus: outcome.httpStatus, extra: outcome.extra + web.fields(exposing: names),
      trailers: trailers)
    session.respond(exchange, fields, body: .none)
  }
}

extension WebExchange {
  /// The highest bit of a frame's first byte: not a message, but the trailers.
  static let trailersFlag: UInt8 = 0x80
}

/// Binary or base64.
private enum WebForm {
  case binary, text

  var contentType: String {
    switch self {
    case .binary: "application/grpc-web+proto"
    case .text: "application/grpc-web-text+proto"
    }
  }

  /// `application/grpc-web`, `application/grpc-web-text`, and what may follow each: `+proto`, `;charset=…`.
  init?(_ contentType: String) {
    let type = contentType.prefix { $0 != "+" && $0 != ";" }
    switch type.lowercased() {
    case "application/grpc-web": self = .binary
    case "application/grpc-web-text": self = .text
    default: return nil
    }
  }
}
