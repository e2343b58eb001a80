public import Primitives

/// Hears what becomes of one call, also of one that no handler ever sees: for access logs, metrics and traces.
///
/// Everything is told on the thread of the call's loop, in order, so nothing here may block.
/// https://github.com/grpc/proposal/blob/master/A66-otel-stats.md#opentelemetry-plugin-architecture
public protocol CallObserver: Sendable {
  /// A request message was taken.
  func received(_ message: MessageInfo)
  /// A response message was handed over.
  func sent(_ message: MessageInfo)
  /// The call is over. Told once, and last.
  func ended(_ summary: CallSummary)
}

extension CallObserver {
  /// The default: nothing happens.
  public func received(_ message: MessageInfo) {}
  /// The default: nothing happens.
  public func sent(_ message: MessageInfo) {}
}

/// What is known of a call when its head was read.
public struct CallStart: Sendable {
  /// Nil if nobody serves what the client asked for. Its own words are not told: they would be a label without bounds.
  public let method: MethodDescriptor?
  /// The caller's address.
  public let peer: String
  /// What TLS says of the connection and of the caller; nil without TLS.
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

  /// "users.v1.UserService/GetUser"; "other" where nobody serves it, as gRFC A66 has it.
  public var methodName: String { method?.description ?? "other" }

  /// Decoded at each call.
  public var requestMetadata: Metadata { headers.metadata() }
}

/// One message of a call.
public struct MessageInfo: Sendable, Hashable {
  /// 0 for the first of its direction.
  public let index: Int
  /// Bytes of the message.
  public let size: Int
  /// Bytes that it had on the wire, if it was compressed.
  public let compressedSize: Int?

  package init(index: Int, size: Int, compressedSize: Int?) {
    self.index = index
    self.size = size
    self.compressedSize = compressedSize
  }

  /// Bytes on the wire, without gRPC's prefix and HTTP/2's frames.
  public var wireSize: Int { compressedSize ?? size }
}

/// How a call ended.
public struct CallSummary: Sendable, Hashable {
  /// The messages of one direction, together.
  public struct Messages: Sendable, Hashable {
    /// How many messages.
    public package(set) var count = 0
    /// Bytes on the wire, without gRPC's prefix and HTTP/2's frames.
    public package(set) var wireSize = 0

    package init() {}
  }

  /// What the client was told; CANCELLED if it left before it could be.
  public let status: StatusCode
  /// From the head to the status.
  public let duration: Duration
  /// The request's messages, as far as they were taken.
  public let received: Messages
  /// The response's messages, as far as they were handed over.
  public let sent: Messages

  package init(status: StatusCode, duration: Duration, received: Messages, sent: Messages) {
    self.status = status
    self.duration = duration
    self.received = received
    self.sent = sent
  }
}
