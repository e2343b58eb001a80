/// Methods that share a limit on running calls, so that they can't crowd out others: reports beside lookups, for
/// example.
///
/// Methods without a class belong to the default class, whose limits are those of `ServerConfiguration`. Health,
/// reflection and channelz belong to the essential class, so that they answer however busy other methods are.
public struct CallClass: Sendable {
  /// Its name in the errors of refused calls.
  public var name: String
  /// Services ("users.v1.UserService") and methods ("users.v1.UserService/ListUsers"). The first class that names a
  /// method is its class; if none does, the first that names its service.
  public var methods: Set<String>
  /// How many calls of the class may run in the server.
  public var maximumRunning: Int
  /// Lowers the limit when the latency of the class's unary calls grows; nil: it does not.
  public var adaptiveLimit: AdaptiveLimit?

  /// A class of services and methods that share `maximumRunning` calls. The errors of refused calls contain `name`.
  public init(
    _ name: String, methods: Set<String>, maximumRunning: Int, adaptiveLimit: AdaptiveLimit? = nil
  ) {
    self.name = name
    self.methods = methods
    self.maximumRunning = maximumRunning
    self.adaptiveLimit = adaptiveLimit
  }

  /// The services that show whether a server works, and why not: they must answer while it is overloaded.
  static let essential = CallClass(
    "essential",
    methods: [
      "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
      "grpc.channelz.v1.Channelz",
    ], maximumRunning: 1024)
}
