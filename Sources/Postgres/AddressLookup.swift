import EventLoop
import Glibc

/// Looks host names up away from the loop: getaddrinfo blocks.
enum AddressLookup {
  /// The hosts with an address each; a name with several addresses becomes several hosts. Each name that has none is
  /// told of in `failures`.
  static func resolve(
    _ hosts: [ConnectionString.Host], on pool: OffloadPool
  ) async -> (hosts: [ConnectionString.Host], failures: [PostgresError]) {
    var found: (hosts: [ConnectionString.Host], failures: [PostgresError]) = ([], [])
    let answers = try? await pool.run {
      hosts.map { host in
        Result<[ConnectionString.Host], PostgresError> { () throws(PostgresError) in try resolve(host) }
      }
    }
    for answer in answers ?? [.failure(PostgresError(.unavailable, "Too many names are being looked up."))] {
      switch answer {
      case .success(let hosts): found.hosts += hosts
      case .failure(let error): found.failures.append(error)
      }
    }
    return found
  }

  /// Blocks.
  /// - Throws: `unavailable`, with the name and the resolver's reason. It may pass: a resolver can be late.
  static func resolve(_ host: ConnectionString.Host) throws(PostgresError) -> [ConnectionString.Host] {
    guard host.needsLookup, let name = host.name else { return [host] }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(name, nil, &hints, &list)
    guard code == 0 else {
      throw PostgresError(
        .unavailable,
        "The name of the database's host, \(name), cannot be resolved: \(String(cString: gai_strerror(code))).",
        isSafeToRetry: true)
    }
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
