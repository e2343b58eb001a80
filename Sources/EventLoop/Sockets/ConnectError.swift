/// Why a connection could not be opened.
public enum ConnectError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The host's name has no addresses, or was not looked up.
  case unresolved(NameResolutionError)
  /// No address accepted: what the system said of each, in the order in which they were tried. ETIMEDOUT also stands
  /// for an address that did not answer within the time that an attempt may take.
  case refused([EventLoopError])
  /// The caller's task was cancelled.
  case cancelled

  /// One line for people, with each address and its reason.
  public var description: String {
    switch self {
    case .unresolved(let error): error.description
    case .refused(let failures):
      failures.isEmpty ? "there is no address to connect to" : failures.map(\.description).joined(separator: "; ")
    case .cancelled: "connecting was cancelled"
    }
  }
}
