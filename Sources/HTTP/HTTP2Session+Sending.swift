internal import CNGHTTP2

/// What either end sends. Everything is queued; `nextOutput` makes bytes of it.
extension HTTP2Session {
  /// Tells the session that `writeBody` has something again. Nothing happens where nghttp2 is not waiting for it.
  public final func resumeBody(_ exchange: HTTPExchange) {
    guard exchange.isBodyDeferred, !exchange.isClosed else { return }
    exchange.isBodyDeferred = false
    nghttp2_session_resume_data(session, exchange.id)
  }

  /// Gives the peer back window for bytes of this exchange that were taken.
  public final func credit(_ exchange: HTTPExchange, _ count: Int) {
    guard count > 0, !exchange.isClosed, !exchange.isRemoteClosed else { return }
    nghttp2_session_consume_stream(session, exchange.id, count)
  }

  /// Ends an exchange at once, in its middle.
  public final func abort(_ exchange: HTTPExchange, _ reason: HTTPExchange.AbortReason) {
    guard !exchange.isClosed else { return }
    nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), exchange.id, reason.code.rawValue)
  }

  /// Sends a PING to find out whether the peer is there: any bytes from it then show that it is.
  public final func ping() { nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil) }

  /// GOAWAY(ENHANCE_YOUR_CALM) with the reason in its debug data.
  final func enhanceYourCalm(_ reason: StaticString) { sendGoAway(.enhanceYourCalm, reason) }

  /// GOAWAY with a code and, in its debug data, the reason: the connection is about to be closed.
  public final func sendGoAway(_ code: HTTP2ErrorCode, _ reason: StaticString) {
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session), code.rawValue,
      reason.utf8Start, reason.utf8CodeUnitCount)
  }
}

/// nghttp2 asks for body bytes, of a response or a request.
let readBody:
  @convention(c) (
    OpaquePointer?, Int32, UnsafeMutablePointer<UInt8>?, Int, UnsafeMutablePointer<UInt32>?,
    UnsafeMutablePointer<nghttp2_data_source>?, UnsafeMutableRawPointer?
  ) -> Int = { session, id, buffer, length, flags, source, _ in
    guard let pointer = source?.pointee.ptr, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    return Unmanaged<HTTPExchange>.fromOpaque(pointer)._withUnsafeGuaranteedRef { exchange in
      guard let handler = exchange.handler else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
      let (count, state) = handler.writeBody(into: UnsafeMutableRawBufferPointer(start: buffer, count: length))
      switch state {
      case .more:
        return count
      case .broken:
        return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
      case .later:
        exchange.isBodyDeferred = true
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
      case .end(let trailers):
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if let trailers {
          flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
          nghttp2_submit_trailer(session, id, trailers.pointer, trailers.count)
        }
        return count
      }
    }
  }
