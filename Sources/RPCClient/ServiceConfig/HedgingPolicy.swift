public import RPCCore

/// Sends a call to several servers, one after the other but without waiting for their answers, and takes the first
/// answer: for methods that may be called twice, where a slow server must not make the caller slow.
///
/// The attempts that lose are cancelled. Requests must fit into `ChannelConfiguration.replayLimit`; a call with more
/// goes on with its first attempt only. https://github.com/grpc/proposal/blob/master/A6-client-retries.md#hedging-policy
public struct HedgingPolicy: Sendable, Hashable {
  /// How often a call is sent at most, the first time included. More than 5 count as 5.
  public var maximumAttempts: Int
  /// How long after one attempt the next begins, if there is no answer; 0: all begin at once.
  public var delay: Duration
  /// The statuses after which another attempt may succeed: the next one begins at once. Any other ends the call.
  public var nonFatalCodes: Set<StatusCode>

  /// A policy.
  public init(
    maximumAttempts: Int = 2, delay: Duration = .milliseconds(100), nonFatalCodes: Set<StatusCode> = [.unavailable]
  ) {
    self.maximumAttempts = maximumAttempts
    self.delay = delay
    self.nonFatalCodes = nonFatalCodes
  }
}
