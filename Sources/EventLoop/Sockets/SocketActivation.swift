import CLinux
import Glibc

/// Listening sockets that systemd opened before it started this process (sd_listen_fds(3)). The process needs no
/// privileges for low ports, and clients are not refused while the service restarts.
public enum SocketActivation {
  /// SD_LISTEN_FDS_START.
  private static let first: Int32 = 3

  /// Takes over the sockets. Call it at start-up, before any other thread reads the environment: it removes systemd's
  /// variables, so that child processes don't take the sockets for their own.
  /// - Returns: the descriptors; none if systemd passed none to this process.
  /// - Throws: ENOTSOCK if a descriptor is not a listening stream socket.
  public static func take() throws(EventLoopError) -> [Int32] {
    defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
    guard number("LISTEN_PID") == getpid(), let count = number("LISTEN_FDS"), count > 0 else { return [] }
    var taken: [Int32] = []
    for descriptor in first..<(first + min(count, 1024)) {
      guard isListening(descriptor) else {
        throw EventLoopError(call: "listen", errno: ENOTSOCK, subject: "descriptor \(descriptor) of systemd")
      }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
      taken.append(descriptor)
    }
    return taken
  }

  private static func number(_ name: String) -> Int32? { getenv(name).flatMap { Int32(String(cString: $0)) } }

  private static func isListening(_ descriptor: Int32) -> Bool {
    option(descriptor, SO_ACCEPTCONN) == 1 && option(descriptor, SO_TYPE) == Int32(SOCK_STREAM.rawValue)
  }

  private static func option(_ descriptor: Int32, _ name: Int32) -> Int32? {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
  }
}
