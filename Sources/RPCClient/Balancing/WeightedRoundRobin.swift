/// How weighted_round_robin makes weights of load reports.
///
/// A server reports its load in the trailers of each response (`endpoint-load-metrics-bin`, an
/// xds.data.orca.v3.OrcaLoadReport). Its weight is `qps / (utilization + eps / qps × errorPenalty)`: the calls a second
/// that it could serve if it were fully used. The utilization is the application's own, or that of the processors. An
/// address without a weight gets the mean of the others; without two weights, all get the same.
/// https://github.com/grpc/proposal/blob/master/A58-client-side-weighted-round-robin-lb-policy.md
public struct WeightedRoundRobin: Sendable, Hashable {
  /// How long an address must have reported before its weight counts, from its first report after it was connected to:
  /// a server that has just started looks idle. Zero: at once.
  public var blackoutPeriod: Duration = .seconds(10)
  /// How long a weight counts without a new report.
  public var expirationPeriod: Duration = .seconds(180)
  /// How often the weights are put to use, at least 100 ms.
  public var updatePeriod: Duration = .seconds(1)
  /// By how much errors make an address look busier: 1 makes one that only fails look fully used, 0 ignores errors.
  public var errorPenalty = 1.0

  /// gRPC's defaults, which stand at the properties.
  public init() {}
}
