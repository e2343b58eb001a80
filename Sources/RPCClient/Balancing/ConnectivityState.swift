/// Whether a channel, or one of its addresses, can take calls.
/// https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md
public enum ConnectivityState: Sendable, Hashable {
  /// There is no connection and no attempt to connect: nobody needs one.
  case idle
  /// An attempt to connect is under way.
  case connecting
  /// There is a connection.
  case ready
  /// The last attempt failed; the next one follows after the backoff.
  case transientFailure
}
