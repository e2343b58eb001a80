public import Primitives

/// What the server knows of a call once it has read the request's head.
public struct CallStart: Sendable {
  /// nil if the server has no such method. The path itself is left out: as a label of metrics it would be unbounded.
  public let method: MethodDescriptor?
  /// The caller's address.
  public let peer: String
  /// The connection's TLS parameters and the caller's certificate; nil without TLS.
  public let security: TransportSecurity?
  private let headers: any RequestHeaders

  package init(
    method: MethodDescriptor?, peer: String, security: TransportSecurity? = nil, headers: any RequestHeaders
  ) {
    self.security = security
    self.method = method
    self.peer = peer
    self.headers = headers
  }

  /// For testing observers.
  public init(method: MethodDescriptor?, peer: String = "test", requestMetadata: Metadata = [:]) {
    self.init(method: method, peer: peer, headers: requestMetadata)
  }

  /// "users.v1.UserService/GetUser"; "other" if the server has no such method, as gRFC A66 specifies.
  public var methodName: String { method?.description ?? "other" }

  /// The request's metadata. Each access decodes it anew.
  public var requestMetadata: Metadata { headers.metadata() }
}
