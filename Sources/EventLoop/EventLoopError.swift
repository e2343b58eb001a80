/// A system call that failed, with its errno.
public struct EventLoopError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The system call that failed: "bind", "epoll_ctl".
  public let call: String
  /// The errno that it set.
  public let errno: Int32
  /// What the call was for, such as an address or a path; empty if the call says enough.
  public let subject: String

  /// - Parameters:
  ///   - call: the system call that failed, such as "bind".
  ///   - errno: the errno that it set.
  ///   - subject: what the call was for, such as an address or a path.
  public init(call: String, errno: Int32, subject: String = "") {
    self.call = call
    self.errno = errno
    self.subject = subject
  }

  /// One line for people: the subject, the call, and the C library's text for the errno.
  public var description: String {
    let reason = SystemError.text(of: errno)
    return subject.isEmpty ? "\(call): \(reason)" : "\(subject): \(call): \(reason)"
  }
}
