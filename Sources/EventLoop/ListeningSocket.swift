import CLinux
import Glibc

/// A socket that listens, non-blocking, at the address where clients reach it. Whoever opened it closes it.
public struct ListeningSocket: Sendable {
  /// Its file descriptor.
  public let descriptor: Int32
  /// Where clients reach it: an IP address with the port that was chosen, or the path of a Unix socket.
  public let address: SocketAddress
  /// The file of a Unix socket, where this process made it.
  private let file: FileIdentity?

  /// One that listens already, such as those of `SocketActivation`. A Unix socket's file is left to who made it.
  public init(adopting descriptor: Int32) {
    self.init(descriptor, Socket.localAddress(descriptor) ?? .unix(path: ""))
  }

  private init(_ descriptor: Int32, _ address: SocketAddress, file: FileIdentity? = nil) {
    self.descriptor = descriptor
    self.address = address
    self.file = file
  }

  /// Listens. Name resolution may block: call it at start-up, not on a loop.
  ///
  /// A host name stands for all addresses that it has and this machine too, with one port for all of them. The file of
  /// a Unix socket is replaced if nobody listens on it any more; a file of another kind never is.
  /// - Parameter mode: who may connect to a Unix socket, as chmod has it; nil: as the umask says. Without meaning for
  ///   TCP.
  /// - Returns: at least one, with the port that was chosen if it was 0.
  /// - Throws: what refuses one of the addresses; then none listens.
  public static func open(
    _ address: SocketAddress, mode: UInt32? = nil, backlog: Int32 = 4096
  ) throws(EventLoopError) -> [ListeningSocket] {
    switch address {
    case .tcp(let host, let port): try openTCP(host: host, port: port, backlog: backlog)
    case .unix(let path): [try openUnix(path: path, mode: mode, backlog: backlog)]
    }
  }

  /// Closes the socket, and removes its file unless somebody has put another one in its place.
  public func close() {
    _ = Glibc.close(descriptor)
    if let file, case .unix(let path) = address, FileIdentity(path) == file { unlink(path) }
  }

  // MARK: TCP

  private static func openTCP(host: String, port: UInt16, backlog: Int32) throws(EventLoopError) -> [ListeningSocket] {
    let name = SocketAddress.tcp(host: host, port: port).description
    return try open(numbers: try resolve(host, name), of: name, port: port, backlog: backlog)
  }

  /// - Parameters:
  ///   - numbers: the addresses of a host, such as 127.0.0.1; those that this machine does not have are left out, if it
  ///     has any.
  ///   - name: what errors call them.
  static func open(
    numbers: [String], of name: String, port: UInt16, backlog: Int32 = 4096
  ) throws(EventLoopError) -> [ListeningSocket] {
    // A port that is free at one address may be taken at another: then any other one will do, if any will do.
    var attempts = port == 0 ? 16 : 1
    while true {
      attempts -= 1
      do throws(EventLoopError) {
        return try openEach(of: numbers, name, port, backlog)
      } catch {
        guard error.errno == EADDRINUSE, attempts > 0 else { throw error }
      }
    }
  }

  private static func openEach(
    of numbers: [String], _ name: String, _ port: UInt16, _ backlog: Int32
  ) throws(EventLoopError) -> [ListeningSocket] {
    var port = port
    var opened: [ListeningSocket] = []
    var absent: EventLoopError?
    for number in numbers {
      do throws(EventLoopError) {
        let socket = try open(
          number: number, port: port, backlog: backlog, numbers.count > 1 ? "\(name) (\(number))" : name)
        opened.append(socket)
        if case .tcp(_, let bound) = socket.address { port = bound }
      } catch {
        // `localhost` is ::1 too where there is no IPv6.
        guard error.errno == EADDRNOTAVAIL || error.errno == EAFNOSUPPORT else {
          for socket in opened { socket.close() }
          throw error
        }
        absent = error
      }
    }
    if opened.isEmpty, let absent { throw absent }
    return opened
  }

  /// The addresses of a name as numbers, each once: the resolver may say them again.
  private static func resolve(_ host: String, _ subject: String) throws(EventLoopError) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else {
      let reason = gai_strerror(code).map { String(cString: $0) } ?? "code \(code)"
      throw EventLoopError(call: "getaddrinfo", errno: EADDRNOTAVAIL, subject: "\(subject) (\(reason))")
    }
    defer { freeaddrinfo(list) }
    var numbers: [String] = []
    var next = list
    while let entry = next?.pointee {
      next = entry.ai_next
      guard case .tcp(let number, _)? = Socket.numericAddress(entry.ai_addr, entry.ai_addrlen) else { continue }
      if !numbers.contains(number) { numbers.append(number) }
    }
    return numbers
  }

  private static func open(
    number: String, port: UInt16, backlog: Int32, _ subject: String
  ) throws(EventLoopError) -> ListeningSocket {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(number, String(port), &hints, &list) == 0, let first = list else {
      throw EventLoopError(call: "getaddrinfo", errno: EADDRNOTAVAIL, subject: subject)
    }
    defer { freeaddrinfo(list) }
    let descriptor = clinux_stream_socket(first.pointee.ai_family)
    if descriptor < 0 { throw EventLoopError(call: "socket", errno: errno, subject: subject) }
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    try check("bind", bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen), descriptor, subject)
    try check("listen", listen(descriptor, backlog), descriptor, subject)
    return ListeningSocket(descriptor, Socket.localAddress(descriptor) ?? .tcp(host: number, port: port))
  }

  // MARK: Unix

  private static func openUnix(path: String, mode: UInt32?, backlog: Int32) throws(EventLoopError) -> ListeningSocket {
    let address = SocketAddress.unix(path: path)
    let descriptor = clinux_stream_socket(AF_UNIX)
    if descriptor < 0 { throw EventLoopError(call: "socket", errno: errno, subject: address.description) }
    if withUnixAddress(path, { connect(descriptor, $0, $1) }) == 0 {
      _ = Glibc.close(descriptor)
      throw EventLoopError(call: "bind", errno: EADDRINUSE, subject: address.description)
    }
    // What files of other kinds say as well.
    if errno == ECONNREFUSED {
      guard FileIdentity(path)?.isSocket == true else {
        _ = Glibc.close(descriptor)
        throw EventLoopError(call: "bind", errno: EEXIST, subject: address.description)
      }
      unlink(path)
    }
    // Before bind it narrows what the file will have, so that it is never open to more; afterwards it is what was asked
    // for.
    if let mode { fchmod(descriptor, mode) }
    try check("bind", withUnixAddress(path) { bind(descriptor, $0, $1) }, descriptor, address.description)
    let file = FileIdentity(path)
    if let mode { try check("chmod", chmod(path, mode), descriptor, address.description) }
    try check("listen", listen(descriptor, backlog), descriptor, address.description)
    return ListeningSocket(descriptor, address, file: file)
  }

  /// Tells whether a path still leads to the same file.
  private struct FileIdentity: Sendable, Equatable {
    let device: UInt
    let inode: UInt
    let isSocket: Bool

    /// nil if there is no such file.
    init?(_ path: String) {
      var status = stat()
      guard lstat(path, &status) == 0 else { return nil }
      device = UInt(status.st_dev)
      inode = UInt(status.st_ino)
      isSocket = status.st_mode & S_IFMT == S_IFSOCK
    }
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

  private static func check(
    _ call: String, _ result: Int32, _ descriptor: Int32, _ subject: String
  ) throws(EventLoopError) {
    guard result != 0 else { return }
    let code = errno
    _ = Glibc.close(descriptor)
    throw EventLoopError(call: call, errno: code, subject: subject)
  }
}
