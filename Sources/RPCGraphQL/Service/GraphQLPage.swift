import ProtoWire
import RPCServer

/// A page for queries by hand: an editor, variables, header fields, the response, and the schema by introspection.
struct GraphQLPage {
  let options: GraphQLService.Options

  init(_ options: GraphQLService.Options) { self.options = options }

  /// What browsers get that open the path.
  var response: HTTPResponse {
    let text = String(decoding: PackageResources.graphql_html, as: UTF8.self)
    let page = text.split(separator: "{path}", omittingEmptySubsequences: false).joined(separator: options.path)
    return Self.response("text/html; charset=utf-8", Array(page.utf8))
  }

  var routes: [HTTPRoute] {
    [
      route("graphql.js", "text/javascript; charset=utf-8", PackageResources.graphql_js),
      route("schema.js", "text/javascript; charset=utf-8", PackageResources.schema_js),
      route("graphql.css", "text/css; charset=utf-8", PackageResources.graphql_css),
    ]
  }

  private func route(_ name: String, _ type: String, _ content: [UInt8]) -> HTTPRoute {
    HTTPRoute("GET", "\(options.path)/\(name)", options: options.methodOptions) { _, _ in
      Self.response(type, content)
    }
  }

  private static func response(_ type: String, _ content: [UInt8]) -> HTTPResponse {
    var response = HTTPResponse(type: type, content)
    response.headers += [
      ("cache-control", "no-cache"), ("vary", "accept"), ("x-content-type-options", "nosniff"),
      ("referrer-policy", "no-referrer"),
      (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none';"
          + " form-action 'none'; frame-ancestors 'none'"
      ),
    ]
    return response
  }
}
