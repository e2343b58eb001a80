public import ProtoWire

/// What a .proto file says of a method. A reference to it: calls pass it on for free.
public struct MethodDescriptor: Sendable, Hashable, CustomStringConvertible {
  /// Which sides send more than one message.
  public enum Kind: Sendable {
    case unary, clientStreaming, serverStreaming, bidirectionalStreaming

    /// The client sends exactly one message.
    package var hasSingleRequest: Bool { self == .unary || self == .serverStreaming }
    /// The server sends exactly one message.
    package var hasSingleResponse: Bool { self == .unary || self == .clientStreaming }
  }

  @usableFromInline
  final class Contents: Sendable {
    let service: String
    let name: String
    @usableFromInline let kind: Kind
    let options: Google_Protobuf_MethodOptions

    init(service: String, name: String, kind: Kind, options: Google_Protobuf_MethodOptions) {
      self.service = service
      self.name = name
      self.kind = kind
      self.options = options
    }
  }

  @usableFromInline let contents: Contents

  /// Generated code makes it. `service` is the full name, without a leading dot.
  public init(service: String, name: String, kind: Kind, options: Google_Protobuf_MethodOptions = .init()) {
    contents = Contents(service: service, name: name, kind: kind, options: options)
  }

  /// Full name of the service: "users.v1.UserService".
  public var service: String { contents.service }
  /// Name of the method: "GetUser".
  public var name: String { contents.name }
  /// Which side sends one message, and which a stream of them.
  @inlinable public var kind: Kind { contents.kind }

  /// What the .proto file says of the method in options, its own (`deprecated`) and those that other files add:
  ///
  /// ```swift
  /// if method.options.deprecatedOrDefault { … }
  /// let rule = try method.options.Access_V1_rule  // option (access.v1.rule) = …
  /// ```
  ///
  /// An extension is decoded at each access: what every call asks for should be kept. Without `features`, which concern
  /// generators only.
  public var options: Google_Protobuf_MethodOptions { contents.options }

  /// What the .proto file promises of calling it twice: its option `idempotency_level`.
  public var idempotency: IdempotencyLevel {
    switch options.idempotencyLevel {
    case .noSideEffects: .noSideEffects
    case .idempotent: .idempotent
    case .idempotencyUnknown, nil: .unknown
    }
  }

  /// The request's `:path`: "/users.v1.UserService/GetUser".
  public var path: String { "/\(service)/\(name)" }

  /// "users.v1.UserService/GetUser", as logs, metrics and traces name it.
  public var description: String { "\(service)/\(name)" }

  /// Whether they say the same.
  public static func == (one: MethodDescriptor, other: MethodDescriptor) -> Bool {
    one.contents === other.contents
      || one.name == other.name && one.service == other.service && one.kind == other.kind
        && one.options == other.options
  }

  /// Hashes the names.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(service)
    hasher.combine(name)
  }
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
