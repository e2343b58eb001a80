import Glibc

/// The address of a socket: `127.0.0.1:50051`, `[::1]:50051`, `localhost:0`, `unix:/run/users.sock`.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
  case tcp(host: String, port: UInt16)
  case unix(path: String)

  /// Parses an address. Without a host (`:50051`) it is 0.0.0.0.
  /// - Returns: nil if the text is not an address: no port, a port out of range, an empty path, or a path too long for
  ///   `sun_path`.
  public init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard !path.isEmpty, path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    self = .tcp(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
  }

  /// `host:port`, with brackets around an IPv6 address, or `unix:path`: the form that `init` parses.
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}
