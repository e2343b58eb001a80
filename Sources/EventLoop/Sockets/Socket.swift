import CLinux
import Glibc

/// System calls on non-blocking stream sockets.
public enum Socket {
  /// Accepts the next connection of a listening socket; nil if none is pending.
  /// - Throws: errors of the listener or of this process (EMFILE). It skips connections that failed by themselves.
  public static func accept(_ listener: Int32) throws(EventLoopError) -> Int32? {
    while true {
      let descriptor = clinux_accept(listener)
      if descriptor >= 0 { return descriptor }
      switch errno {
      case EAGAIN: return nil
      // The connection failed before we accepted it: accept(2) says to retry.
      case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET, ENOPROTOOPT, EOPNOTSUPP:
        continue
      default: throw EventLoopError(call: "accept", errno: errno)
      }
    }
  }

  /// Sets TCP_NODELAY: the loop gathers small writes itself, so the kernel need not delay them.
  public static func setNoDelay(_ descriptor: Int32) {
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Sets O_NONBLOCK, as sockets of a loop need it.
  public static func setNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }

  /// The address of the other end as text, for logs and call contexts; "unknown" if there is none.
  public static func peerName(_ descriptor: Int32) -> String {
    withAddress { getpeername(descriptor, $0, $1) }?.description ?? "unknown"
  }

  /// The address of the other end; nil if the socket is not connected any more.
  public static func peerAddress(_ descriptor: Int32) -> SocketAddress? {
    withAddress { getpeername(descriptor, $0, $1) }
  }

  /// The address of this end.
  public static func localAddress(_ descriptor: Int32) -> SocketAddress? {
    withAddress { getsockname(descriptor, $0, $1) }
  }

  // MARK: Reading addresses

  /// The path of a Unix socket; empty for a client's end, which is not bound to a path.
  private static func unixPath(_ storage: UnsafeMutablePointer<sockaddr_storage>, _ length: socklen_t) -> String {
    let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 0
    let bytes = UnsafeRawBufferPointer(start: storage, count: min(Int(length), MemoryLayout<sockaddr_un>.size))
    return String(decoding: bytes.dropFirst(start).prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func withAddress(
    _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> SocketAddress? in
        guard body(address, &length) == 0 else { return nil }
        if Int32(address.pointee.sa_family) == AF_UNIX { return .unix(path: unixPath(pointer, length)) }
        return numericAddress(address, length)
      }
    }
  }

  /// An IPv4 or IPv6 address in numeric form.
  static func numericAddress(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> SocketAddress? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { host in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { port in
        guard let hostText = host.baseAddress, let portText = port.baseAddress,
          getnameinfo(address, length, hostText, 64, portText, 16, NI_NUMERICHOST | NI_NUMERICSERV) == 0
        else { return nil }
        return .tcp(host: String(cString: hostText), port: UInt16(String(cString: portText)) ?? 0)
      }
    }
  }
}
