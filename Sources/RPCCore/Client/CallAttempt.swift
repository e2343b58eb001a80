/// An attempt of a client to make a call: the first one, or one that follows others, as gRFC A6 has it.
public struct CallAttempt: Sendable, Hashable {
  /// Its number among the attempts of the call, from 0.
  public let number: Int
  /// Attempts of the same call before it that may have reached a server. Transparent retries do not count.
  public let previousAttempts: Int
  /// Whether it follows one that no server has processed.
  /// https://github.com/grpc/proposal/blob/master/A6-client-retries.md#transparent-retries
  public let isTransparentRetry: Bool

  /// Also for testing observers.
  public init(number: Int = 0, previousAttempts: Int = 0, isTransparentRetry: Bool = false) {
    self.number = number
    self.previousAttempts = previousAttempts
    self.isTransparentRetry = isTransparentRetry
  }
}

/// How an attempt of a client ended.
public struct AttemptSummary: Sendable, Hashable {
  /// The attempt that ended. Attempts of a hedged call run at the same time.
  public let attempt: CallAttempt
  /// The status that the server sent, or with which the client gave the attempt up.
  public let status: StatusCode
  /// From when the attempt began, which includes the wait for a connection, until its end. The attempt that ends the
  /// call lasts until the response was read.
  public let duration: Duration
  /// Bytes of the request messages on the wire, without gRPC's message prefixes; 0 if no connection took the attempt.
  public let sentSize: Int
  /// Bytes of the response messages that the caller read.
  public let receivedSize: Int

  /// Also for testing observers.
  public init(
    attempt: CallAttempt = .init(), status: StatusCode, duration: Duration, sentSize: Int = 0, receivedSize: Int = 0
  ) {
    self.attempt = attempt
    self.status = status
    self.duration = duration
    self.sentSize = sentSize
    self.receivedSize = receivedSize
  }
}
