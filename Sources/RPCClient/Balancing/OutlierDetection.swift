/// When an address that fails more of its calls than the others gets none for a while.
///
/// Once in `interval`, the channel looks at the calls of each address since the last time. What it ejects comes back by
/// itself: after `baseEjectionTime` times the number of its ejections, and on probation, since the next ejection is
/// longer; each interval without one makes it shorter again. Connections stay open meanwhile, and calls that run go on.
/// If no other address has a connection, those that are ejected are used.
///
/// A call counts as failed if it ends with UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE or
/// DATA_LOSS, as in Envoy, whose algorithms these are: other statuses are answers of a server that works. A call that
/// its caller cancelled does not count.
/// https://github.com/grpc/proposal/blob/master/A50-xds-outlier-detection.md
public struct OutlierDetection: Sendable, Hashable {
  /// Ejects what succeeds less often than the others: below the mean of all success rates less
  /// `deviations` × their standard deviation.
  public struct SuccessRate: Sendable, Hashable {
    /// How many standard deviations below the mean an address may be.
    public var deviations = 1.9
    /// With what probability an address is ejected, in percent.
    public var enforcement = 100
    /// How many addresses must have enough calls.
    public var minimumAddresses = 5
    /// How many calls of an interval are enough.
    public var minimumCalls = 100

    /// gRPC's defaults, which stand at the properties.
    public init() {}
  }

  /// Ejects what fails more than a fixed part of its calls.
  public struct FailurePercentage: Sendable, Hashable {
    /// What part of its calls an address may fail, in percent.
    public var threshold = 85
    /// With what probability an address is ejected, in percent.
    public var enforcement = 100
    /// How many addresses must have enough calls.
    public var minimumAddresses = 5
    /// How many calls of an interval are enough.
    public var minimumCalls = 50

    /// gRPC's defaults, which stand at the properties.
    public init() {}
  }

  /// How often the addresses are judged.
  public var interval: Duration = .seconds(10)
  /// How long the first ejection of an address lasts; the second in a row lasts twice as long, and so on.
  public var baseEjectionTime: Duration = .seconds(30)
  /// The longest ejection; at least `baseEjectionTime`.
  public var maximumEjectionTime: Duration = .seconds(300)
  /// How many of the addresses may be ejected, in percent, rounded up; 0: none.
  public var maximumEjectionPercent = 10
  /// Nil: addresses are not compared.
  public var successRate: SuccessRate?
  /// Nil: there is no fixed limit.
  public var failurePercentage: FailurePercentage?

  /// gRPC's defaults, which stand at the properties: nothing is ejected.
  public init() {}

  /// Compares success rates, with gRPC's defaults.
  public static let successRate = with { $0.successRate = SuccessRate() }

  /// Settings that are set by a function: `.with { $0.failurePercentage = .init() }`.
  public static func with(_ populate: (inout OutlierDetection) -> Void) -> OutlierDetection {
    var settings = OutlierDetection()
    populate(&settings)
    return settings
  }

  var isOn: Bool { successRate != nil || failurePercentage != nil }
}
