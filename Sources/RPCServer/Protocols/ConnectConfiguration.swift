/// How the Connect protocol is served. https://connectrpc.com/docs/protocol
public struct ConnectConfiguration: Sendable {
  /// Refuses requests that don't say `connect-protocol-version: 1` (GET: `connect=v1`): proxies and log readers can
  /// then tell calls from other requests.
  public var requiresVersion = false

  /// Versions are not required.
  public init() {}
}
