/// Methods that share a limit of calls that run, so that they can't take the place of others: reports beside lookups,
/// say.
///
/// Methods of no class are one class of their own, whose limits stand in `ServerConfiguration`. Health, reflection and
/// channelz are another, which no load of others keeps from answering.
public struct CallClass: Sendable {
  /// What refused callers are told.
  public var name: String
  /// Services, "users.v1.UserService", or methods, "users.v1.UserService/ListUsers". A method's own name goes before
  /// its service's, and the first class that has it is its class.
  public var methods: Set<String>
  /// Calls of the class that may run, in all of the server.
  public var maximumRunning: Int
  /// Finds a lower limit by the latency of the class's unary calls.
  public var adaptiveLimit: AdaptiveLimit?

  /// A class of these services and methods, which share `maximumRunning` calls. `name` is what refused callers read.
  public init(
    _ name: String, methods: Set<String>, maximumRunning: Int, adaptiveLimit: AdaptiveLimit? = nil
  ) {
    self.name = name
    self.methods = methods
    self.maximumRunning = maximumRunning
    self.adaptiveLimit = adaptiveLimit
  }

  /// What tells whether and why a server works must answer while it has too much to do.
  static let essential = CallClass(
    "essential",
    methods: [
      "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
      "grpc.channelz.v1.Channelz",
    ], maximumRunning: 1024)
}

/// The classes of a server by number: 0 for methods of none, 1 for the essential ones, then those of the configuration.
struct CallClasses: Sendable {
  static let usual = 0
  static let essential = 1

  let all: [CallClass]

  init(_ configuration: ServerConfiguration = .init()) {
    let usual = CallClass(
      "", methods: [], maximumRunning: configuration.maximumRunningCalls, adaptiveLimit: configuration.adaptiveLimit)
    all = [usual, .essential] + configuration.callClasses
  }

  /// The number of a method's class.
  func index(service: String, method: String) -> Int {
    for name in ["\(service)/\(method)", service] {
      // What the configuration says goes before what the server thinks.
      if let index = all.indices.dropFirst(2).first(where: { all[$0].methods.contains(name) }) { return index }
    }
    return CallClass.essential.methods.contains(service) ? Self.essential : Self.usual
  }
}
