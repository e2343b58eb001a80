public import ProtoWire

/// What a .proto file says of a method.
public struct MethodDescriptor: Sendable, Hashable, CustomStringConvertible {
  /// Which sides send more than one message.
  public enum Kind: Sendable {
    case unary, clientStreaming, serverStreaming, bidirectionalStreaming

    /// The client sends exactly one message.
    package var hasSingleRequest: Bool { self == .unary || self == .serverStreaming }
    /// The server sends exactly one message.
    package var hasSingleResponse: Bool { self == .unary || self == .clientStreaming }
  }

  /// Full name of the service: "users.v1.UserService".
  public let service: String
  /// Name of the method: "GetUser".
  public let name: String
  public let kind: Kind
  public let idempotency: IdempotencyLevel

  public init(service: String, name: String, kind: Kind, idempotency: IdempotencyLevel = .unknown) {
    self.service = service
    self.name = name
    self.kind = kind
    self.idempotency = idempotency
  }

  /// The request's `:path`: "/users.v1.UserService/GetUser".
  public var path: String { "/\(service)/\(name)" }

  public var description: String { "\(service)/\(name)" }
}

/// What a .proto file promises of calling a method twice.
public enum IdempotencyLevel: Sendable {
  case unknown, noSideEffects, idempotent
}

/// What a .proto file says of a service.
public struct ServiceDescriptor: Sendable {
  /// Full name: "users.v1.UserService".
  public let name: String
  public let methods: [MethodDescriptor]
  /// The file that declares it, for reflection.
  public let file: ProtoFile

  public init(name: String, methods: [MethodDescriptor], file: ProtoFile) {
    self.name = name
    self.methods = methods
    self.file = file
  }
}

/// A service that can be served. Generated protocols refine it; a type of yours implements those.
public protocol ServiceProvider: Sendable {
  static var serviceDescriptor: ServiceDescriptor { get }
  var methodHandlers: [MethodHandler] { get }
}
