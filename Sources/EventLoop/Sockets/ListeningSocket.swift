import CLinux
import Glibc

/// A non-blocking listening socket. The code that opens it must close it.
public struct ListeningSocket: Sendable {
  /// Its file descriptor.
  public let descriptor: Int32
  /// Where clients reach it: an IP address with the port that it is bound to, or the path of a Unix socket.
  public let address: SocketAddress
  /// The file of a Unix socket that this process created.
  private let file: FileIdentity?

  /// Takes over a socket that listens already, such as one of `SocketActivation`. `close()` leaves the file of such a
  /// Unix socket to the process that created it.
  public init(adopting descriptor: Int32) {
    self.init(descriptor, Socket.localAddress(descriptor) ?? .unix(path: ""))
  }

  private init(_ descriptor: Int32, _ address: SocketAddress, file: FileIdentity? = nil) {
    self.descriptor = descriptor
    self.address = address
    self.file = file
  }

  /// Listens on an address. Name resolution may block: call it at start-up, never on a loop.
  ///
  /// For a host name it listens on each of the name's addresses that this machine has, with one port for all of them.
  /// It replaces the file of a Unix socket if no process listens on it any more, but never a file of another kind.
  /// - Parameter mode: the file mode of a Unix socket, as for chmod(2): it decides who may connect. nil: by the umask.
  ///   Ignored for TCP.
  /// - Returns: at least one socket. If `address` has port 0, the system has chosen their port.
  /// - Throws: the error of the first address that can't be listened on; then no socket stays open.
  public static func open(
    _ address: SocketAddress, mode: UInt32? = nil, backlog: Int32 = 4096
  ) throws(EventLoopError) -> [ListeningSocket] {
    switch address {
    case .tcp(let host, let port): try openTCP(host: host, port: port, backlog: backlog)
    case .unix(let path): [try openUnix(path: path, mode: mode, backlog: backlog)]
    }
  }

  /// Closes the socket. Removes its file too, if this process created it and it still is the same file.
  public func close() {
    _ = Glibc.close(descriptor)
    if let file, case .unix(let path) = address, FileIdentity(path) == file { unlink(path) }
  }

  // MARK: TCP

  private static func openTCP(host: String, port: UInt16, backlog: Int32) throws(EventLoopError) -> [ListeningSocket] {
    let name = SocketAddress.tcp(host: host, port: port).description
    let numbers: [String]
    do throws(NameResolutionError) {
      numbers = try NameResolver.lookUp(host)
    } catch {
      throw EventLoopError(call: "getaddrinfo", errno: EADDRNOTAVAIL, subject: "\(name) (\(error.reason))")
    }
    return try open(numbers: numbers, of: name, port: port, backlog: backlog)
  }

  /// - Parameters:
  ///   - numbers: the IP addresses of a host, such as 127.0.0.1. Those that this machine does not have are left out,
  ///     unless that leaves none.
  ///   - name: the host and port as errors name them.
  static func open(
    numbers: [String], of name: String, port: UInt16, backlog: Int32 = 4096
  ) throws(EventLoopError) -> [ListeningSocket] {
    // The port that the system chose for one address may be in use at another. If any port will do, try another one.
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
        // `localhost` resolves to ::1 even if this machine has no IPv6.
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

  private static func open(
    number: String, port: UInt16, backlog: Int32, _ subject: String
  ) throws(EventLoopError) -> ListeningSocket {
    let (raw, descriptor) = try makeSocket(.tcp(host: number, port: port), subject)
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    try check("bind", raw.withPointer { bind(descriptor, $0, $1) }, descriptor, subject)
    try check("listen", listen(descriptor, backlog), descriptor, subject)
    return ListeningSocket(descriptor, Socket.localAddress(descriptor) ?? .tcp(host: number, port: port))
  }

  // MARK: Unix

  private static func openUnix(path: String, mode: UInt32?, backlog: Int32) throws(EventLoopError) -> ListeningSocket {
    let address = SocketAddress.unix(path: path)
    let (raw, descriptor) = try makeSocket(address, address.description)
    if raw.withPointer({ connect(descriptor, $0, $1) }) == 0 {
      _ = Glibc.close(descriptor)
      throw EventLoopError(call: "bind", errno: EADDRINUSE, subject: address.description)
    }
    // connect(2) gives ECONNREFUSED for files of other kinds too.
    if errno == ECONNREFUSED {
      guard FileIdentity(path)?.isSocket == true else {
        _ = Glibc.close(descriptor)
        throw EventLoopError(call: "bind", errno: EEXIST, subject: address.description)
      }
      unlink(path)
    }
    // bind(2) creates the file with the socket's mode less the umask, so that it never grants more than `mode`. The
    // chmod afterwards restores what the umask took away.
    if let mode { fchmod(descriptor, mode) }
    try check("bind", raw.withPointer { bind(descriptor, $0, $1) }, descriptor, address.description)
    let file = FileIdentity(path)
    if let mode { try check("chmod", chmod(path, mode), descriptor, address.description) }
    try check("listen", listen(descriptor, backlog), descriptor, address.description)
    return ListeningSocket(descriptor, address, file: file)
  }

  /// Identifies a file, to find out whether a path still leads to it.
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

  // MARK: Both

  private static func makeSocket(
    _ address: SocketAddress, _ subject: String
  ) throws(EventLoopError) -> (RawAddress, descriptor: Int32) {
    guard let raw = RawAddress(address) else { throw EventLoopError(call: "bind", errno: EINVAL, subject: subject) }
    let descriptor = clinux_stream_socket(raw.family)
    if descriptor < 0 { throw EventLoopError(call: "socket", errno: errno, subject: subject) }
    return (raw, descriptor)
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
