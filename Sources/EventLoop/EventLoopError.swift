/// What the operating system refused, with the call that failed and its errno.
public struct EventLoopError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The system call, as its man page is named: "bind", "epoll_ctl".
  public let call: String
  /// The errno it left.
  public let errno: Int32
  /// What was being attempted, for people: an address, a path.
  public let subject: String

  public init(call: String, errno: Int32, subject: String = "") {
    self.call = call
    self.errno = errno
    self.subject = subject
  }

  public var description: String {
    let reason = SystemError.text(of: errno)
    return subject.isEmpty ? "\(call): \(reason)" : "\(subject): \(call): \(reason)"
  }
}
