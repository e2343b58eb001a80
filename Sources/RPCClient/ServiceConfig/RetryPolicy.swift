public import RPCCore

/// Which failed calls are tried again, and when.
///
/// Only a call whose response has not begun is tried again: one that ended with a status alone, or whose connection was
/// lost. Messages that were sent are sent anew, so they must fit into `ChannelConfiguration.replayLimit`.
/// https://github.com/grpc/proposal/blob/master/A6-client-retries.md
public struct RetryPolicy: Sendable, Hashable {
  /// How often a call is tried at most, the first time included. More than 5 count as 5.
  public var maximumAttempts: Int
  /// The wait before the first retry, plus or minus 20 % at random.
  public var initialBackoff: Duration
  /// The longest wait, before the random change.
  public var maximumBackoff: Duration
  /// The factor by which each further retry multiplies the wait.
  public var multiplier: Double
  /// The statuses after which another attempt may succeed. A call that ends with any other status is not tried again.
  public var codes: Set<StatusCode>

  /// A policy. Retry only what may be done twice, unless `codes` says that nothing was done.
  public init(
    maximumAttempts: Int = 3, initialBackoff: Duration = .milliseconds(100), maximumBackoff: Duration = .seconds(1),
    multiplier: Double = 2, codes: Set<StatusCode> = [.unavailable]
  ) {
    self.maximumAttempts = maximumAttempts
    self.initialBackoff = initialBackoff
    self.maximumBackoff = maximumBackoff
    self.multiplier = multiplier
    self.codes = codes
  }
}

/// Stops retries while most calls fail, so that they don't make an overload worse.
///
/// A channel begins with `maximumTokens`. A failure that could be retried costs one, a success gives `tokenRatio` back.
/// With half of the tokens or less, nothing is retried.
public struct RetryThrottling: Sendable, Hashable {
  /// From 1 to 1000.
  public var maximumTokens: Int
  /// Above 0. It counts in thousandths.
  public var tokenRatio: Double

  /// Limits for a channel.
  public init(maximumTokens: Int, tokenRatio: Double) {
    self.maximumTokens = maximumTokens
    self.tokenRatio = tokenRatio
  }
}
