public import EventLoop

/// Finds the addresses behind a target: a service registry, say. Channels with targets of `dns:` have one.
public protocol TargetResolver: Sendable {
  /// The addresses, in the order of preference. It is asked when the channel is first used, and again when connections
  /// are lost or refused, at most once in 30 s. Hosts must be IP addresses.
  /// - Throws: anything; its description is part of the error of calls that fail for it.
  func resolve() async throws -> [SocketAddress]
}

/// Addresses that never change.
struct StaticResolver: TargetResolver {
  let addresses: [SocketAddress]

  func resolve() async throws -> [SocketAddress] { addresses }
}

/// Looks a host name up, by the system's resolver.
struct HostResolver: TargetResolver {
  /// One for the process: its threads serve all channels.
  static let names = NameResolver(threads: 2, queueLimit: 1024)

  let host: String
  let port: UInt16

  func resolve() async throws -> [SocketAddress] {
    try await Self.names.addresses(of: host).map { .tcp(host: $0, port: port) }
  }
}
