public import ProtoWire
public import RPCServer

extension OpenAPIDocument {
  /// `GET /openapi.json` and `/openapi.yaml`, and at `/docs` a page that shows them and needs nothing from elsewhere.
  /// - Parameter options: who may read them, for an interceptor that asks for the options of a method.
  public func routes(options: Google_Protobuf_MethodOptions = .init()) -> [HTTPRoute] {
    [
      Self.route("/openapi.json", "application/json", json, options),
      Self.route("/openapi.yaml", "application/yaml", yaml, options),
      Self.route("/docs", "text/html; charset=utf-8", PackageResources.docs_html, options),
      Self.route("/docs/docs.js", "text/javascript; charset=utf-8", PackageResources.docs_js, options),
      Self.route("/docs/docs.css", "text/css; charset=utf-8", PackageResources.docs_css, options),
    ]
  }

  private static func route(
    _ path: String, _ type: String, _ content: [UInt8], _ options: Google_Protobuf_MethodOptions
  ) -> HTTPRoute {
    HTTPRoute("GET", path, options: options) { _, _ in
      var response = HTTPResponse(type: type, content)
      response.headers += [
        ("cache-control", "no-cache"), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
        (
          "content-security-policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none';"
            + " form-action 'none'; frame-ancestors 'none'"
        ),
      ]
      return response
    }
  }
}
