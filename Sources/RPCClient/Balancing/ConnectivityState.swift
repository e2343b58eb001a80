/// Whether a channel, or one of its addresses, can take calls.
/// https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md
public enum ConnectivityState: Sendable, Hashable {
  /// It does not try to connect: nobody needs it.
  case idle
  /// It tries to connect.
  case connecting
  /// It has a connection.
  case ready
  /// It could not connect, and waits before it tries again.
  case transientFailure
}

/// How a channel spreads its calls over the addresses of its target.
public struct LoadBalancing: Sendable, Hashable {
  enum Kind { case pickFirst, roundRobin }
  let kind: Kind

  /// All calls go to the first address that accepts a connection.
  public static let pickFirst = LoadBalancing(kind: .pickFirst)
  /// A connection to each address; calls go to those that have one, in turn.
  public static let roundRobin = LoadBalancing(kind: .roundRobin)
}
