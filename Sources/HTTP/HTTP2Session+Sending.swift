internal import CNGHTTP2

/// What the server says. Everything is queued; `nextOutput` makes bytes of it.
extension HTTP2Session {
  /// Queues a response with a body that `writeBody` will be asked for.
  public func submitResponse(_ stream: HTTP2Stream, _ fields: HeaderFields) {
    guard !stream.isClosed else { return }
    var provider = nghttp2_data_provider()
    provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
    provider.read_callback = readBody
    nghttp2_submit_response(session, stream.id, fields.pointer, fields.count, &provider)
  }

  /// Queues a response that consists of one HEADERS frame.
  public func submitHeadersOnly(_ stream: HTTP2Stream, _ fields: HeaderFields) {
    guard !stream.isClosed else { return }
    nghttp2_submit_response(session, stream.id, fields.pointer, fields.count, nil)
  }

  /// Says that `writeBody` has something again. Nothing happens where nghttp2 is not waiting for it.
  public func resumeBody(_ stream: HTTP2Stream) {
    guard stream.isBodyDeferred, !stream.isClosed else { return }
    stream.isBodyDeferred = false
    nghttp2_session_resume_data(session, stream.id)
  }

  /// Gives the peer back window for bytes of this stream's request that were taken.
  public func credit(_ stream: HTTP2Stream, _ count: Int) {
    guard count > 0, !stream.isClosed, !stream.isRemoteClosed else { return }
    nghttp2_session_consume_stream(session, stream.id, count)
  }

  /// Ends a stream at once.
  public func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
    guard !stream.isClosed else { return }
    nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
  }

  /// First phase of closing: GOAWAY(2^31-1), and behind it a PING. Calls that are on their way when the peer reads it
  /// are still served; the PING's answer tells when no more can come. RFC 9113, section 6.8.
  public func announceShutdown() {
    isPingAnswered = false
    isPingDue = true
    nghttp2_submit_shutdown_notice(session)
  }

  /// nghttp2 would send the PING first if it had both.
  func goAwayWasSent() {
    guard isPingDue else { return }
    isPingDue = false
    nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
  }

  /// Second phase: GOAWAY with the last stream that was taken. Later ones are ignored.
  public func refuseNewStreams(_ code: HTTP2ErrorCode = .noError) {
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session), code.rawValue, nil,
      0)
  }

  /// GOAWAY(ENHANCE_YOUR_CALM) with the reason in its debug data.
  func calmDown(_ reason: StaticString) { giveUp(.enhanceYourCalm, reason) }

  /// GOAWAY with a code and, in its debug data, the reason: the connection is about to be closed.
  public func giveUp(_ code: HTTP2ErrorCode, _ reason: StaticString) {
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session), code.rawValue,
      reason.utf8Start, reason.utf8CodeUnitCount)
  }

  /// Asks whether the peer is there: whatever it sends then tells.
  public func ping() {
    nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
  }
}

/// nghttp2 asks for body bytes.
private let readBody:
  @convention(c) (
    OpaquePointer?, Int32, UnsafeMutablePointer<UInt8>?, Int, UnsafeMutablePointer<UInt32>?,
    UnsafeMutablePointer<nghttp2_data_source>?, UnsafeMutableRawPointer?
  ) -> Int = { session, id, buffer, length, flags, source, _ in
    guard let pointer = source?.pointee.ptr, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    return Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { stream in
      let (count, state) = stream.writeBody(into: UnsafeMutableRawBufferPointer(start: buffer, count: length))
      switch state {
      case .more:
        return count
      case .later:
        stream.isBodyDeferred = true
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
