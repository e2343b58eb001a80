import RPCCore

/// Finds methods by the bytes of `:path`, without making a String. A hash table with open addressing, at most half
/// full.
struct Router: Sendable {
  private let slots: [Route?]
  private let mask: Int
  private let services: Set<String>

  /// - Throws: `duplicateService` if two services have the same name.
  init(_ providers: [any ServiceProvider], classes: CallClasses = CallClasses()) throws(ServerError) {
    let routes = providers.flatMap { $0.methodHandlers.map { Route($0, classes) } }
    var capacity = 16
    while capacity < routes.count * 2 { capacity *= 2 }
    mask = capacity - 1
    var slots = [Route?](repeating: nil, count: capacity)
    for route in routes {
      var index = route.path.withUnsafeBytes { Self.hash($0) } & (capacity - 1)
      while let taken = slots[index] {
        if taken.path == route.path { throw .duplicateService(route.handler.descriptor.service) }
        index = (index + 1) & (capacity - 1)
      }
      slots[index] = route
    }
    self.slots = slots
    services = Set(providers.map { type(of: $0).serviceDescriptor.name })
  }

  func route(_ path: UnsafeRawBufferPointer) -> Route? {
    var index = Self.hash(path) & mask
    while let route = slots[index] {
      if route.matches(path) { return route }
      index = (index + 1) & mask
    }
    return nil
  }

  /// Whether the path names a method, known or not, of a service that is served.
  func hasService(of path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 3 && parts[0].isEmpty && services.contains(String(parts[1]))
  }

  /// The error message for a path that has no route.
  func explain(_ path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty else { return "the path is not /service/method" }
    let service = PeerText.excerpt(parts[1])
    return services.contains(String(parts[1]))
      ? "service \(service) has no method \(PeerText.excerpt(parts[2]))" : "there is no service \(service)"
  }

  /// Hashes the length and the last 16 bytes: the paths of a server differ at their ends.
  @inline(__always)
  private static func hash(_ path: UnsafeRawBufferPointer) -> Int {
    var hash = UInt64(truncatingIfNeeded: path.count)
    if path.count >= 16 {
      let first = path.loadUnaligned(fromByteOffset: path.count - 16, as: UInt64.self)
      let last = path.loadUnaligned(fromByteOffset: path.count - 8, as: UInt64.self)
      hash = (hash ^ first) &* 0x9e37_79b9_7f4a_7c15 ^ last
    } else {
      for byte in path { hash = hash &* 31 &+ UInt64(byte) }
    }
    hash = (hash ^ (hash >> 32)) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: hash >> 33)
  }
}
