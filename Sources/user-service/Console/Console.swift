import ProtoWire
import RPCCore
import RPCServer
import UserAPI
import UserService

/// The console: a page at `/` for people, over the JSON API. It comes with the program, and loads nothing from
/// elsewhere.
enum Console {
  /// Everybody may read the pages: they hold nothing but code. What they show, the API checks.
  private static let everybody = Google_Protobuf_MethodOptions.with { $0.setAccess(.with { $0.public = true }) }
  private static let diagnostics = Google_Protobuf_MethodOptions.with {
    $0.setAccess(.with { $0.scopes = [AccessPolicy.diagnosticsScope] })
  }

  /// The page and its parts, and `GET /console/status`, which has the server's figures as JSON.
  static func routes(_ figures: ServerFigures) -> [HTTPRoute] {
    let scripts = [
      ("api", PackageResources.api_js), ("console", PackageResources.console_js), ("dom", PackageResources.dom_js),
      ("live", PackageResources.live_js), ("server", PackageResources.server_js), ("user", PackageResources.user_js),
      ("users", PackageResources.users_js),
    ]
    return [
      page("/", "text/html; charset=utf-8", PackageResources.console_html),
      page("/console/console.css", "text/css; charset=utf-8", PackageResources.console_css),
      page("/console/icon.svg", "image/svg+xml", PackageResources.icon_svg),
      HTTPRoute("GET", "/console/status", options: diagnostics) { _, _ in
        var response = HTTPResponse(type: "application/json", Array(await figures.json().utf8))
        response.headers += [("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
        return response
      },
    ] + scripts.map { page("/console/\($0).js", "text/javascript; charset=utf-8", $1) }
  }

  private static func page(_ path: String, _ type: String, _ content: [UInt8]) -> HTTPRoute {
    HTTPRoute("GET", path, options: everybody) { _, _ in
      var response = HTTPResponse(type: type, content)
      response.headers += [
        ("cache-control", "no-cache"), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"), ("content-security-policy", contentPolicy),
      ]
      return response
    }
  }

  /// Only our own scripts, styles and calls; no script in the page itself, and none made of text.
  /// https://www.w3.org/TR/CSP3/
  private static let contentPolicy = """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
    """
}
