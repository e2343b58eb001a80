import EventLoop
import Glibc

/// Looks host names up away from the loop: getaddrinfo blocks.
enum AddressLookup {
  /// The hosts with an address each; a name with several addresses becomes several hosts. A name that cannot be resolved is
  /// left out.
  static func resolve(_ hosts: [ConnectionString.Host], on pool: OffloadPool) async -> [ConnectionString.Host] {
    do {
      return try await pool.run { hosts.flatMap(resolve) }
    } catch {
      return []
    }
  }

  /// Blocks.
  static func resolve(_ host: ConnectionString.Host) -> [ConnectionString.Host] {
    guard host.needsLookup, let name = host.name else { return [host] }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var hosts: [ConnectionString.Host] = []
    var next = list
    while let entry = next {
      var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let code = getnameinfo(
        entry.pointee.ai_addr, entry.pointee.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
      if code == 0 {
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        hosts.append(ConnectionString.Host(name: name, address: text, port: host.port))
      }
      next = entry.pointee.ai_next
    }
    return hosts
  }
}
