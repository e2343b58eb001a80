public import RPCCore

/// The access rules of a server's methods: those of their contracts, and fixed ones for gRPC's own services, whose
/// contracts have none.
public struct AccessPolicy: Sendable {
  /// The scope that reads what the server tells of itself: reflection from other machines, channelz.
  public static let diagnosticsScope = "diagnostics.read"

  private let rules: [MethodDescriptor: MethodAccess]

  /// - Throws: `AccessRuleFault` if the contract of a method does not say who may call it.
  public init(_ services: [ServiceDescriptor]) throws(AccessRuleFault) {
    var rules: [MethodDescriptor: MethodAccess] = [:]
    for service in services {
      let foreign = Self.foreign(service.name)
      for method in service.methods {
        if let foreign { rules[method] = foreign } else { rules[method] = try MethodAccess(method) }
      }
    }
    self.rules = rules
  }

  /// Nil if nothing says who may call the method. A method that is none of the services, such as a plain HTTP route,
  /// has the rule of its options.
  func access(to method: MethodDescriptor) -> MethodAccess? { rules[method] ?? (try? MethodAccess(method)) }

  /// Our rule for a service whose contract is not ours; nil for all others.
  private static func foreign(_ service: String) -> MethodAccess? {
    switch service {
    // Load balancers and orchestrators call it without credentials.
    case "grpc.health.v1.Health": .everybody
    case "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection":
      .localOrScopes([diagnosticsScope])
    case "grpc.channelz.v1.Channelz": .restricted(self: false, scopes: [diagnosticsScope])
    default: nil
    }
  }
}
