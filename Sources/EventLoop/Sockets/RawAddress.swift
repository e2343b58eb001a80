import Glibc

/// A socket address in the form that the system calls take.
struct RawAddress {
  private var storage = sockaddr_storage()
  private let length: socklen_t

  /// AF_INET, AF_INET6 or AF_UNIX.
  var family: Int32 { Int32(storage.ss_family) }

  /// nil if the host is a name rather than an IP address, or if the path is empty or too long for a socket's.
  init?(_ address: SocketAddress) {
    switch address {
    case .tcp(let host, let port): self.init(host: host, port: port)
    case .unix(let path): self.init(path: path)
    }
  }

  private init?(host: String, port: UInt16) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list?.pointee else { return nil }
    defer { freeaddrinfo(list) }
    length = first.ai_addrlen
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: first.ai_addr, count: Int(first.ai_addrlen)))
    }
  }

  private init?(path: String) {
    var address = sockaddr_un()
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    // The last byte is for the NUL.
    guard !path.isEmpty, path.utf8.count < capacity else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    length = socklen_t(MemoryLayout<sockaddr_un>.size)
    withUnsafeMutableBytes(of: &storage) { storage in
      withUnsafeBytes(of: &address) { storage.copyMemory(from: $0) }
    }
  }

  /// Calls `body` (connect, bind) with the address; the pointer must not leave it.
  func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
