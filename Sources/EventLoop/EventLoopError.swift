/// What the operating system refused, with the call that failed and its errno.
public struct EventLoopError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The system call, as its man page is named: "bind", "epoll_ctl".
  public let call: String
  /// The errno it left.
  public let errno: Int32
  /// What was being attempted, for people: an address, a path.
  public let subject: String

  /// - Parameters:
  ///   - call: the system call that failed, such as "bind".
  ///   - errno: the number that it left.
  ///   - subject: what it was about, such as an address or a path.
  public init(call: String, errno: Int32, subject: String = "") {
    self.call = call
    self.errno = errno
    self.subject = subject
  }

  /// One line for people: the subject, the call, and the system's text for the number.
  public var description: String {
    let reason = SystemError.text(of: errno)
    return subject.isEmpty ? "\(call): \(reason)" : "\(subject): \(call): \(reason)"
  }
}
