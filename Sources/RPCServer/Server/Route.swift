internal import Glibc
package import RPCCore

/// A method of the server, with what a call needs to know about it. A class, so that a call can hold it without a copy.
package final class Route: Sendable, CustomStringConvertible {
  package let handler: MethodHandler
  let path: [UInt8]
  /// The index of its class in `CallClasses`.
  let callClass: Int
  /// Whether the duration of its calls measures the load. That of a stream does not: it also depends on the client.
  let tracksLatency: Bool
  /// Whether its calls last as long as the client wants, such as Health.Watch: a shutdown does not wait for them.
  let isOpenEnded: Bool

  init(_ handler: MethodHandler, _ classes: CallClasses) {
    self.handler = handler
    let method = handler.descriptor
    callClass = classes.index(service: method.service, method: method.name)
    tracksLatency = method.kind == .unary
    isOpenEnded = method.kind != .unary && CallClass.essential.methods.contains(method.service)
    path = Array(handler.descriptor.path.utf8)
  }

  package var description: String { handler.descriptor.description }

  @inline(__always)
  func matches(_ wanted: UnsafeRawBufferPointer) -> Bool {
    guard wanted.count == path.count, let other = wanted.baseAddress else { return false }
    return path.withUnsafeBytes { mine in mine.baseAddress.map { memcmp($0, other, mine.count) == 0 } ?? false }
  }
}
