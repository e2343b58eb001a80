public import Primitives

/// Observes one call, for access logs, metrics and traces: also a call that is refused before a handler runs.
///
/// The server calls the methods in order, on the thread of the call's loop, so they must not block.
/// https://github.com/grpc/proposal/blob/master/A66-otel-stats.md#opentelemetry-plugin-architecture
public protocol CallObserver: Sendable {
  /// The handler received a request message.
  func received(_ message: MessageInfo)
  /// The handler wrote a response message.
  func sent(_ message: MessageInfo)
  /// The call has ended. The server calls this once, and nothing afterwards.
  func ended(_ summary: CallSummary)
}

extension CallObserver {
  /// The default: nothing happens.
  public func received(_ message: MessageInfo) {}
  /// The default: nothing happens.
  public func sent(_ message: MessageInfo) {}
}

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

/// One message of a call.
public struct MessageInfo: Sendable, Hashable {
  /// Its position among the messages of its direction, from 0.
  public let index: Int
  /// Bytes of the message, uncompressed.
  public let size: Int
  /// Bytes of the compressed message; nil if it was sent uncompressed.
  public let compressedSize: Int?

  package init(index: Int, size: Int, compressedSize: Int?) {
    self.index = index
    self.size = size
    self.compressedSize = compressedSize
  }

  /// Bytes on the wire, without gRPC's message prefix and HTTP/2's framing.
  public var wireSize: Int { compressedSize ?? size }
}

/// How a call ended.
public struct CallSummary: Sendable, Hashable {
  /// Totals of the messages of one direction.
  public struct Messages: Sendable, Hashable {
    /// How many messages.
    public package(set) var count = 0
    /// Bytes on the wire, without gRPC's message prefixes and HTTP/2's framing.
    public package(set) var wireSize = 0

    package init() {}
  }

  /// The status that the server sent; CANCELLED if the client or the connection was gone before.
  public let status: StatusCode
  /// The time from the request's head to the status.
  public let duration: Duration
  /// The request messages that the handler received.
  public let received: Messages
  /// The response messages that the handler wrote.
  public let sent: Messages

  package init(status: StatusCode, duration: Duration, received: Messages, sent: Messages) {
    self.status = status
    self.duration = duration
    self.received = received
    self.sent = sent
  }
}
