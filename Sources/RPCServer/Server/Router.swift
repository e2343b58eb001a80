internal import Glibc
import RPCCore

/// A method that is served. A class, so that a call can refer to it for free.
final class Route: Sendable, CustomStringConvertible {
  let handler: MethodHandler
  let path: [UInt8]
  /// The number of its class among `CallClasses`.
  let callClass: Int
  /// How long a call takes says how much there is to do; a stream takes as long as its client likes.
  let hasTellingLatency: Bool
  /// Its calls last as long as their clients care to listen, such as Health.Watch: who stops does not wait for them.
  let isOpenEnded: Bool

  init(_ handler: MethodHandler, _ classes: CallClasses) {
    self.handler = handler
    let method = handler.descriptor
    callClass = classes.index(service: method.service, method: method.name)
    hasTellingLatency = method.kind == .unary
    isOpenEnded = method.kind != .unary && CallClass.essential.methods.contains(method.service)
    path = Array(handler.descriptor.path.utf8)
  }

  var description: String { handler.descriptor.description }

  @inline(__always)
  func matches(_ wanted: UnsafeRawBufferPointer) -> Bool {
    guard wanted.count == path.count, let other = wanted.baseAddress else { return false }
    return path.withUnsafeBytes { mine in mine.baseAddress.map { memcmp($0, other, mine.count) == 0 } ?? false }
  }
}

/// Finds methods by the bytes of `:path`, without making a String: a table with open addressing, at most half full.
struct Router: Sendable {
  private let slots: [Route?]
  private let mask: Int
  private let services: Set<String>

  /// - Throws: when two services have the same name.
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

  /// Why a path has no route: for the error's text.
  func explain(_ path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty else { return "the path is not /service/method" }
    let service = PeerText.excerpt(parts[1])
    return services.contains(String(parts[1]))
      ? "service \(service) has no method \(PeerText.excerpt(parts[2]))" : "there is no service \(service)"
  }

  /// Of the length and the last 16 bytes: the paths of a server differ at their ends.
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

/// Why a server can't be set up.
public enum ServerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Two of the services have this name.
  case duplicateService(String)

  /// One line for people, with the name at fault.
  public var description: String {
    switch self {
    case .duplicateService(let name): "two services are called \(name)"
    }
  }
}
