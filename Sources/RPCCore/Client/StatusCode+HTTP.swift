/// The status codes of responses that carry no `grpc-status`.
extension StatusCode {
  /// The code for an HTTP status.
  /// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
  package init(httpStatus: Int) {
    self =
      switch httpStatus {
      case 400: .internal
      case 401: .unauthenticated
      case 403: .permissionDenied
      case 404: .unimplemented
      case 429, 502, 503, 504: .unavailable
      default: .unknown
      }
  }

  /// The code for an HTTP/2 error code with which a stream was reset (RFC 9113, section 7).
  /// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
  package init(resetCode: UInt32) {
    self =
      switch resetCode {
      // REFUSED_STREAM
      case 7: .unavailable
      // CANCEL
      case 8: .cancelled
      // ENHANCE_YOUR_CALM
      case 11: .resourceExhausted
      // INADEQUATE_SECURITY
      case 12: .permissionDenied
      // NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, FRAME_SIZE_ERROR,
      // COMPRESSION_ERROR, CONNECT_ERROR
      case 0...4, 6, 9, 10: .internal
      // STREAM_CLOSED, HTTP_1_1_REQUIRED, and what nobody has defined
      default: .unknown
      }
  }
}
