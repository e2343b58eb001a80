import Glibc
import Synchronization
import TestSupport

@testable import Postgres

/// A TCP proxy before the test database that misbehaves on demand: on plain threads, so that nothing of it depends on
/// what is under test.
final class FaultyProxy: Sendable {
  enum Mode: Sendable {
    case pass
    /// Takes nothing more from either side, and stays connected.
    case stall
    /// The next bytes from a client never reach the server: both sides are cut.
    case cutBeforeSending
    /// The next bytes from a client reach the server, which is given time to act on them; the answer is lost.
    case cutAfterSending
    /// New connections are closed at once.
    case refuse
    /// TLS is promised and then garbled, so that libpq opens a second socket without it.
    case garbleTLS
  }

  private struct State {
    var mode = Mode.pass
    var generation = 0
    /// Connections of an earlier generation than this are stalled for good.
    var stalledBefore = 0
    var isClosed = false
    var accepted = 0
    var births = 0
  }

  let port: UInt16
  private let listener: Int32
  private let state = Mutex(State())
  private let host: ConnectionString.Host

  init() throws {
    host = try ConnectionString(try TestDatabase.url()).hosts[0]
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 64) == 0
          ? getsockname(listener, address, &length) : -1
      }
    }
    guard code == 0 else { throw TestFailure("the proxy cannot listen") }
    port = UInt16(bigEndian: address.sin_port)
    spawn { [self] in acceptAll() }
  }

  var mode: Mode {
    get { state.withLock { $0.mode } }
    set { state.withLock { $0.mode = newValue } }
  }

  /// How many connections were made so far.
  var accepted: Int { state.withLock { $0.accepted } }

  /// Cuts every connection that is open now.
  func cutAll() { state.withLock { $0.generation += 1 } }

  /// Stalls every connection that is open now; new ones work.
  func stallOpenOnes() {
    state.withLock { state in
      state.births += 1
      state.stalledBefore = state.births
    }
  }

  func close() {
    state.withLock { state in
      state.isClosed = true
      state.generation += 1
    }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func acceptAll() {
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { break }
      let mode = state.withLock { state in
        state.accepted += 1
        return state.isClosed ? Mode.refuse : state.mode
      }
      if case .refuse = mode {
        _ = Glibc.close(client)
        continue
      }
      spawn { [self] in serve(client) }
    }
    _ = Glibc.close(listener)
  }

  private func serve(_ client: Int32) {
    let (generation, birth) = state.withLock { ($0.generation, $0.births) }
    let server = connectToServer()
    defer {
      _ = Glibc.close(client)
      if server >= 0 { _ = Glibc.close(server) }
    }
    guard server >= 0 else { return }
    while true {
      let (mode, current) = state.withLock { ($0.stalledBefore > birth ? .stall : $0.mode, $0.generation) }
      if current != generation { return }
      if case .stall = mode {
        usleep(5000)
        continue
      }
      var polls = [
        pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&polls, 2, 5) >= 0 else { return }
      if polls[0].revents != 0, !forwardFromClient(client, server) { return }
      if polls[1].revents != 0, !forward(server, client) { return }
    }
  }

  private func forwardFromClient(_ client: Int32, _ server: Int32) -> Bool {
    switch mode {
    case .cutBeforeSending:
      mode = .pass
      return false
    case .cutAfterSending:
      mode = .pass
      _ = forward(client, server)
      usleep(200_000)
      return false
    case .garbleTLS: return isTLSRequest(client) ? garble(client) : forward(client, server)
    default: return forward(client, server)
    }
  }

  /// SSLRequest: length 8, code 80877103.
  private func isTLSRequest(_ client: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 8)
    return recv(client, &bytes, 8, Int32(MSG_PEEK)) == 8 && bytes == [0, 0, 0, 8, 4, 210, 22, 47]
  }

  private func garble(_ client: Int32) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    _ = recv(client, &buffer, 8, 0)
    _ = send(client, "S", 1, Int32(MSG_NOSIGNAL))
    _ = recv(client, &buffer, buffer.count, 0)
    _ = send(client, "this is not TLS", 15, Int32(MSG_NOSIGNAL))
    return false
  }

  private func forward(_ from: Int32, _ to: Int32) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(from, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    var sent = 0
    while sent < count {
      let written = buffer.withUnsafeBytes { bytes in
        send(to, UnsafeRawBufferPointer(rebasing: bytes[sent...]).baseAddress, count - sent, Int32(MSG_NOSIGNAL))
      }
      guard written > 0 else { return false }
      sent += written
    }
    return true
  }

  private func connectToServer() -> Int32 {
    let port = host.port ?? "5432"
    if let name = host.name, name.hasPrefix("/") { return connectToSocket("\(name)/.s.PGSQL.\(port)") }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host.address ?? host.name ?? "127.0.0.1", port, &hints, &list) == 0, let first = list else {
      return -1
    }
    defer { freeaddrinfo(list) }
    let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
    if connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 { return descriptor }
    _ = Glibc.close(descriptor)
    return -1
  }

  private func connectToSocket(_ path: String) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if code == 0 { return descriptor }
    _ = Glibc.close(descriptor)
    return -1
  }

  private func spawn(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(Box(body)).toOpaque())
    pthread_detach(thread)
  }
}
