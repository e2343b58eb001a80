/// Why a host name was not resolved.
public struct NameResolutionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Code: Sendable, Hashable {
    /// The system's resolver found no address. That may change: its name server can be late.
    case unresolved
    /// As many lookups as the resolver may keep are waiting already; this one was not begun.
    case tooManyLookups
    /// The resolver was shut down.
    case shutDown
    /// The system lets this process start no thread to look names up on.
    case noThread
    /// The caller's task was cancelled.
    case cancelled
  }

  /// The kind, for programs.
  public let code: Code
  /// The host whose addresses were asked for.
  public let host: String
  /// Why, for people, without the host. For `unresolved` it is what the system's resolver said.
  public let reason: String

  /// One line for people, with the host and the reason.
  public var description: String {
    "\(host) \(code == .unresolved ? "cannot be resolved" : "was not looked up"): \(reason)"
  }

  /// The resolver looked, and found nothing.
  init(unresolved host: String, _ reason: String) {
    self.init(.unresolved, host, reason)
  }

  init(cancelledFor host: String) {
    self.init(.cancelled, host, "the task was cancelled")
  }

  init(_ refusal: OffloadError, host: String) {
    switch refusal {
    case .queueFull: self.init(.tooManyLookups, host, "too many lookups are waiting")
    case .shutDown: self.init(.shutDown, host, "the resolver was shut down")
    default: self.init(.noThread, host, "no thread could be started")
    }
  }

  private init(_ code: Code, _ host: String, _ reason: String) {
    self.code = code
    self.host = host
    self.reason = reason
  }
}
