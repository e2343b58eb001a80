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
  /// Which side sends one message, and which a stream of them.
  public let kind: Kind
  /// What the .proto file says of calling it twice: its option `idempotency_level`.
  public let idempotency: IdempotencyLevel

  /// Generated code makes it. `service` is the full name, without a leading dot.
  public init(service: String, name: String, kind: Kind, idempotency: IdempotencyLevel = .unknown) {
    self.service = service
    self.name = name
    self.kind = kind
    self.idempotency = idempotency
  }

  /// The request's `:path`: "/users.v1.UserService/GetUser".
  public var path: String { "/\(service)/\(name)" }

  /// "users.v1.UserService/GetUser", as logs, metrics and traces name it.
  public var description: String { "\(service)/\(name)" }
}

/// What a .proto file promises of calling a method twice.
public enum IdempotencyLevel: Sendable {
  /// Nothing is promised: calling it twice may have two effects.
  case unknown
  /// It changes nothing.
  case noSideEffects
  /// Calling it twice has the effect of calling it once.
  case idempotent
}

/// What a .proto file says of a service.
public struct ServiceDescriptor: Sendable {
  /// Full name: "users.v1.UserService".
  public let name: String
  /// In the order in which the .proto file declares them.
  public let methods: [MethodDescriptor]
  /// The file that declares it, for reflection.
  public let file: ProtoFile

  /// Generated code makes it.
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
