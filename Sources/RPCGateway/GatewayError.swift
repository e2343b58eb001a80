/// Why a contract can't be served as JSON over HTTP: a path that is malformed, a field that is not there. A fault of
/// the .proto file, found at the start.
public struct GatewayError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A sentence that names the method and what is wrong.
  public let description: String

  init(_ description: String) { self.description = description }
}
