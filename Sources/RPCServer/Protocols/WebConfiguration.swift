/// Who may call by gRPC-Web. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
public struct WebConfiguration: Sendable {
  /// Origins whose pages may call: "https://app.example.com". "*" allows any page, but without credentials. Pages of
  /// the server's own origin may always call, and so may clients that send no `origin`, since they are not pages.
  public var origins: [String]
  /// How long a browser may remember that it may call.
  public var preflightAge = Duration.seconds(7200)

  /// Pages of these origins ("https://app.example.com") may call, with credentials.
  /// "*" lets every other page call, without.
  public init(origins: [String] = []) { self.origins = origins }

  /// What a page of an origin is told; nil if it may not call.
  func grant(origin: String, authority: String) -> CrossOriginGrant? {
    if origins.contains(origin) {
      return CrossOriginGrant(fields: [
        ("access-control-allow-origin", origin), ("access-control-allow-credentials", "true"), ("vary", "origin"),
      ])
    }
    if origins.contains("*") { return CrossOriginGrant(fields: [("access-control-allow-origin", "*")]) }
    let host = origin.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first
    return host.map(String.init) == authority && !authority.isEmpty ? CrossOriginGrant() : nil
  }
}
