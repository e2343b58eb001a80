/// How a channel spreads its calls over the addresses of its target.
///
/// Each event loop that calls balances for itself: it has connections of its own, and knows of its own calls only.
public struct LoadBalancing: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case pickFirst(shuffles: Bool)
    case roundRobin
    case leastRequest(choices: Int)
    case weightedRoundRobin(WeightedRoundRobin)
  }

  let kind: Kind
  /// When an address that fails more calls than the others gets none for a while; nil: never. pick_first ignores it.
  private(set) var outlierDetection: OutlierDetection?

  private init(kind: Kind) { self.kind = kind }

  /// All calls go to one address: the first that accepts a connection. They are tried in their order, families of
  /// addresses in turn, each 250 ms after the one before unless that one has failed earlier ("happy eyeballs").
  /// https://github.com/grpc/proposal/blob/master/A61-IPv4-IPv6-dualstack-backends.md
  public static let pickFirst = LoadBalancing(kind: .pickFirst(shuffles: false))

  /// As `pickFirst`, in an order that each resolution of the target makes at random: clients spread over the addresses.
  /// https://github.com/grpc/proposal/blob/master/A62-pick-first.md
  public static let shuffledPickFirst = LoadBalancing(kind: .pickFirst(shuffles: true))

  /// A connection to each address; calls go to those that have one, in turn.
  public static let roundRobin = LoadBalancing(kind: .roundRobin)

  /// A connection to each address; a call goes to the one of two addresses, taken at random, that has fewer calls. Good
  /// where calls differ much in what they cost.
  public static let leastRequest = leastRequest(choices: 2)

  /// A connection to each address; a call goes to the address that has the fewest calls of some taken at random.
  /// https://github.com/grpc/proposal/blob/master/A48-xds-least-request-lb-policy.md
  /// - Parameter choices: how many addresses are compared, 2 to 10.
  public static func leastRequest(choices: Int) -> LoadBalancing {
    LoadBalancing(kind: .leastRequest(choices: min(max(choices, 2), 10)))
  }

  /// A connection to each address; each gets calls in proportion to what it can take by its own load reports, with the
  /// defaults of `WeightedRoundRobin`.
  public static let weightedRoundRobin = weightedRoundRobin(settings: WeightedRoundRobin())

  /// A connection to each address; each gets calls in proportion to what it can take by its own load reports.
  public static func weightedRoundRobin(settings: WeightedRoundRobin) -> LoadBalancing {
    LoadBalancing(kind: .weightedRoundRobin(settings))
  }

  /// The same, but an address that fails more calls than the others gets none for a while.
  public func ejectingOutliers(_ settings: OutlierDetection = .successRate) -> LoadBalancing {
    var balancing = self
    balancing.outlierDetection = settings
    return balancing
  }

  /// All calls go to one address.
  var isPickFirst: Bool { if case .pickFirst = kind { true } else { false } }

  /// Whether the machine needs to know when calls begin and end.
  var countsCalls: Bool {
    switch kind {
    case .pickFirst: false
    case .leastRequest: true
    case .roundRobin, .weightedRoundRobin: outlierDetection != nil
    }
  }

  /// Whether the machine needs the servers' load reports.
  var readsLoadReports: Bool { if case .weightedRoundRobin = kind { true } else { false } }
}
