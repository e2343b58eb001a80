internal import EventLoop

/// The order in which pick_first tries the addresses of a target. Pure.
enum AddressOrder {
  private enum Family {
    case ipv4, ipv6, local

    init(_ address: SocketAddress) {
      switch address {
      case .tcp(let host, _): self = host.contains(":") ? .ipv6 : .ipv4
      case .unix: self = .local
      }
    }
  }

  /// Takes one address of each family in turn, beginning with the family of the first, so that a network that loses
  /// all packets of one family costs one attempt. Within a family the order stays.
  /// https://www.rfc-editor.org/rfc/rfc8305#section-4
  static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
    var families: [(family: Family, addresses: [SocketAddress])] = []
    for address in addresses {
      let family = Family(address)
      if let index = families.firstIndex(where: { $0.family == family }) {
        families[index].addresses.append(address)
      } else {
        families.append((family, [address]))
      }
    }
    guard families.count > 1 else { return addresses }
    let longest = families.map(\.addresses.count).max() ?? 0
    return (0..<longest).flatMap { round in
      families.compactMap { round < $0.addresses.count ? $0.addresses[round] : nil }
    }
  }

  /// The addresses, each once, where it comes first.
  static func unique(_ addresses: [SocketAddress]) -> [SocketAddress] {
    var seen: Set<SocketAddress> = []
    return addresses.filter { seen.insert($0).inserted }
  }
}
