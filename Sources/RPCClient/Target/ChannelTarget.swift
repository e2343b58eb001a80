public import EventLoop

/// Whom a channel calls.
///
/// As text, in gRPC's form (https://github.com/grpc/grpc/blob/master/doc/naming.md):
///
/// | text | meaning |
/// |---|---|
/// | `dns:///users.internal:50051`, `users.internal:50051` | all addresses of the name |
/// | `ipv4:10.0.0.7:50051,10.0.0.8:50051` | these addresses |
/// | `ipv6:[::1]:50051` | these addresses |
/// | `unix:/run/users.sock`, `unix:///run/users.sock` | a Unix socket |
///
/// Without a port it is 443.
public struct ChannelTarget: Sendable, ExpressibleByStringInterpolation {
  enum Contents: Sendable {
    case resolver(any TargetResolver)
    case malformed(String)
  }

  let contents: Contents
  /// What calls name as their `:authority`: a host and a port. A certificate must be for the host.
  let authority: String
  let isStatic: Bool
  /// All addresses are Unix sockets: what is said there stays on this machine.
  let isLocal: Bool

  private init(_ contents: Contents, authority: String, isStatic: Bool, isLocal: Bool = false) {
    self.contents = contents
    self.authority = authority
    self.isStatic = isStatic
    self.isLocal = isLocal
  }

  /// A target that is written in the program. A malformed one makes the channel's initializer throw.
  public init(stringLiteral text: String) { self.init(text) }

  /// A target as text. A malformed one makes the channel's initializer throw.
  public init(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let rest = parts.count == 2 ? parts[1] : ""
    switch parts.first {
    case "dns": self.init(host: Self.withoutAuthority(rest), text)
    case "ipv4", "ipv6": self.init(list: Self.withoutAuthority(rest), text)
    case "unix":
      let path = rest.hasPrefix("//") ? rest.dropFirst(2) : rest
      guard let address = SocketAddress("unix:\(path)") else {
        self.init(.malformed("\(text): not a valid path of a Unix socket"), authority: "", isStatic: true)
        return
      }
      self = .addresses([address])
    default: self.init(host: text[...], text)
    }
  }

  /// Addresses that are known. Hosts must be IP addresses.
  /// - Parameter authority: what calls name as their `:authority`; nil: the first address.
  public static func addresses(_ addresses: [SocketAddress], authority: String? = nil) -> ChannelTarget {
    let isLocal = addresses.allSatisfy { if case .unix = $0 { true } else { false } }
    let name = isLocal ? "localhost" : addresses.first?.description ?? ""
    guard !addresses.isEmpty else {
      return ChannelTarget(.malformed("the target has no addresses"), authority: "", isStatic: true)
    }
    return ChannelTarget(
      .resolver(StaticResolver(addresses: addresses)), authority: authority ?? name, isStatic: true, isLocal: isLocal)
  }

  /// Addresses that a resolver of your own finds.
  /// - Parameter authority: what calls name as their `:authority`: a host and perhaps a port.
  public static func resolver(_ resolver: any TargetResolver, authority: String) -> ChannelTarget {
    ChannelTarget(.resolver(resolver), authority: authority, isStatic: false)
  }

  private init(host: Substring?, _ text: String) {
    guard let host, let address = Self.parse(host), case .tcp(let name, let port) = address, name != "0.0.0.0" else {
      self.init(
        .malformed("\(text): not a valid target; a target is dns:///HOST:PORT, ipv4:ADDRESS:PORT or unix:PATH"),
        authority: "", isStatic: true)
      return
    }
    self.init(
      .resolver(HostResolver(host: name, port: port)), authority: String(host), isStatic: false)
  }

  private init(list: Substring?, _ text: String) {
    let addresses = list?.split(separator: ",").map(Self.parseNumeric) ?? []
    guard !addresses.isEmpty, addresses.allSatisfy({ $0 != nil }) else {
      self.init(.malformed("\(text): not a valid list of addresses"), authority: "", isStatic: true)
      return
    }
    self = .addresses(addresses.compactMap { $0 })
  }

  /// What follows `//AUTHORITY/`, where the authority, a name server, is not supported; nil if there is one.
  private static func withoutAuthority(_ text: Substring) -> Substring? {
    guard text.hasPrefix("//") else { return text }
    return text.hasPrefix("///") ? text.dropFirst(3) : nil
  }

  /// A host, in brackets if it is an IPv6 address with a port, and the port, or 443.
  private static func parse(_ text: Substring) -> SocketAddress? {
    guard let first = text.first, text.last != ":", !text.hasPrefix("unix:") else { return nil }
    if first == ":", !text.hasPrefix("::") { return nil }
    if let address = SocketAddress(String(text)) { return address }
    switch text.count(where: { $0 == ":" }) {
    case 0: return SocketAddress("\(text):443")
    case 1: return nil
    default: return first == "[" ? SocketAddress("\(text):443") : SocketAddress("[\(text)]:443")
    }
  }

  /// Nil if the host is a name.
  private static func parseNumeric(_ text: Substring) -> SocketAddress? {
    guard let address = parse(text), case .tcp(let host, _) = address else { return nil }
    return host.contains(":") || host.allSatisfy { $0 == "." || ("0"..."9").contains($0) } ? address : nil
  }

  /// The host of an authority: without the port, and without brackets.
  static func host(of authority: String) -> String {
    guard let address = SocketAddress(authority), case .tcp(let host, _) = address else {
      return authority.hasPrefix("[") && authority.hasSuffix("]") ? String(authority.dropFirst().dropLast()) : authority
    }
    return host
  }
}

/// Why there is no channel.
public struct ChannelError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, for people.
  public let description: String
}
