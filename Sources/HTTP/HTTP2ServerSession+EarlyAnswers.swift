internal import CNGHTTP2

/// Responses that are complete before their requests are. RST_STREAM(NO_ERROR) tells the client to stop sending (RFC
/// 9113, section 8.1), but not at once: curl 7.88 drops the response if it gets both while it sends, and what is wrong
/// with a request can be told only while its stream exists. Most clients end the stream themselves.
extension HTTP2ServerSession {
  /// A client that goes on sending is told to stop after so many bytes.
  static let droppedLimit = 16_384

  /// How many requests may go on like that; with one more, all are told to stop.
  static let answeredLimit = 16

  /// The last frame of a response was sent.
  func answeredEarly(_ exchange: HTTPExchange) {
    exchange.answeredAt = now
    exchange.isRequestIgnored = true
    answeredCount += 1
    if isRefusing || answeredCount > Self.answeredLimit { stopRequests(answeredBefore: .max) }
  }

  /// Bytes of a request came that nobody wants any more.
  func dropped(_ count: Int, of exchange: HTTPExchange) {
    exchange.droppedBytes += count
    if exchange.answeredAt != nil, exchange.droppedBytes >= Self.droppedLimit { stop(exchange) }
  }

  /// Tells the client to stop sending requests that were answered before `time`, CLOCK_MONOTONIC in nanoseconds.
  public func stopRequests(answeredBefore time: UInt64) {
    for exchange in exchanges {
      if let answeredAt = exchange.answeredAt, answeredAt < time { stop(exchange) }
    }
  }

  private func stop(_ exchange: HTTPExchange) {
    nghttp2_submit_rst_stream(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), exchange.id, UInt32(NGHTTP2_NO_ERROR.rawValue))
  }
}
