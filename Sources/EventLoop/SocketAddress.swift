import CLinux
import Glibc

/// Where a server listens: `127.0.0.1:50051`, `[::1]:50051`, `localhost:0`, `unix:/run/users.sock`.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
  case tcp(host: String, port: UInt16)
  case unix(path: String)

  /// nil if the text is no address: a port out of range, an empty path, a path longer than a socket's may be.
  public init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard !path.isEmpty, path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    self = .tcp(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
  }

  /// `host:port`, with brackets around an IPv6 address, or `unix:path`: the form that `init` reads.
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// Calls on stream sockets, all non-blocking.
public enum Socket {
  /// Opens a listening socket. Name resolution may block: call it at start-up, not on a loop.
  ///
  /// A Unix socket's file is replaced if nobody listens on it any more.
  /// - Parameter mode: who may connect to a Unix socket, as chmod has it; nil: as the umask says. Without meaning for TCP.
  /// - Returns: the descriptor and the address with the port that was chosen if it was 0.
  public static func listen(_ address: SocketAddress, mode: UInt32? = nil, backlog: Int32 = 4096) throws(EventLoopError) -> (
    descriptor: Int32, address: SocketAddress
  ) {
    switch address {
    case .tcp(let host, let port): try listenTCP(host: host, port: port, backlog: backlog)
    case .unix(let path): (try listenUnix(path: path, mode: mode, backlog: backlog), address)
    }
  }

  /// The next connection of a listening socket, or nil if there is none now.
  /// - Throws: what is wrong with the listener or this process (EMFILE), not with the peer.
  public static func accept(_ listener: Int32) throws(EventLoopError) -> Int32? {
    while true {
      let descriptor = clinux_accept(listener)
      if descriptor >= 0 { return descriptor }
      switch errno {
      case EAGAIN: return nil
      // The peer gave up meanwhile: not our error (accept(2)).
      case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET, ENOPROTOOPT, EOPNOTSUPP:
        continue
      default: throw EventLoopError(call: "accept", errno: errno)
      }
    }
  }

  /// Small writes leave at once: the loop gathers what belongs together itself.
  public static func setNoDelay(_ descriptor: Int32) {
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  /// The address of the other end, for logs and contexts.
  public static func peerName(_ descriptor: Int32) -> String {
    withAddress { getpeername(descriptor, $0, $1) }?.description ?? "unknown"
  }

  /// The address of the other end; nil if there is none any more.
  public static func peerAddress(_ descriptor: Int32) -> SocketAddress? {
    withAddress { getpeername(descriptor, $0, $1) }
  }

  /// The address of this end.
  public static func localAddress(_ descriptor: Int32) -> SocketAddress? {
    withAddress { getsockname(descriptor, $0, $1) }
  }

  // MARK: How it is done

  private static func listenTCP(host: String, port: UInt16, backlog: Int32) throws(EventLoopError) -> (
    descriptor: Int32, address: SocketAddress
  ) {
    let subject = SocketAddress.tcp(host: host, port: port).description
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list else {
      throw EventLoopError(call: "getaddrinfo", errno: EADDRNOTAVAIL, subject: subject)
    }
    defer { freeaddrinfo(list) }
    let descriptor = clinux_stream_socket(first.pointee.ai_family)
    if descriptor < 0 { throw EventLoopError(call: "socket", errno: errno, subject: subject) }
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    try check("bind", bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen), descriptor, subject)
    try check("listen", Glibc.listen(descriptor, backlog), descriptor, subject)
    let bound = withAddress { getsockname(descriptor, $0, $1) }
    return (descriptor, bound ?? .tcp(host: host, port: port))
  }

  private static func listenUnix(path: String, mode: UInt32?, backlog: Int32) throws(EventLoopError) -> Int32 {
    let subject = "unix:\(path)"
    let descriptor = clinux_stream_socket(AF_UNIX)
    if descriptor < 0 { throw EventLoopError(call: "socket", errno: errno, subject: subject) }
    if withUnixAddress(path, { connect(descriptor, $0, $1) }) == 0 {
      _ = close(descriptor)
      throw EventLoopError(call: "bind", errno: EADDRINUSE, subject: subject)
    }
    if errno == ECONNREFUSED { unlink(path) }
    // Before bind it narrows what the file will have, so that it is never open to more; afterwards it is what was asked for.
    if let mode { fchmod(descriptor, mode) }
    try check("bind", withUnixAddress(path) { bind(descriptor, $0, $1) }, descriptor, subject)
    if let mode { try check("chmod", chmod(path, mode), descriptor, subject) }
    try check("listen", Glibc.listen(descriptor, backlog), descriptor, subject)
    return descriptor
  }

  private static func check(
    _ call: String, _ result: Int32, _ descriptor: Int32, _ subject: String
  ) throws(EventLoopError) {
    guard result != 0 else { return }
    let code = errno
    _ = close(descriptor)
    throw EventLoopError(call: call, errno: code, subject: subject)
  }

  private static func withUnixAddress(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      for (index, byte) in path.utf8.prefix(target.count - 1).enumerated() { target[index] = byte }
    }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  /// Empty for the client's end, which has no name.
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
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { host in
          withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { port in
            guard let hostText = host.baseAddress, let portText = port.baseAddress,
              getnameinfo(address, length, hostText, 64, portText, 16, NI_NUMERICHOST | NI_NUMERICSERV) == 0
            else { return nil }
            return .tcp(host: String(cString: hostText), port: UInt16(String(cString: portText)) ?? 0)
          }
        }
      }
    }
  }
}
