import RPCCore
import Tracing

/// What gRFC A72 records of calls, on both sides.
extension Span {
  /// An event for a message.
  /// - Parameter direction: Inbound or Outbound.
  func addMessage(_ direction: String, _ message: MessageInfo) {
    guard isRecording else { return }
    var attributes: SpanAttributes = ["sequence-number": message.index.toSpanAttribute()]
    attributes["message-size"] = message.size
    if let size = message.compressedSize { attributes["message-size-compressed"] = size }
    addEvent(SpanEvent(name: "\(direction) message", attributes: attributes))
  }

  /// Records the status, and ends the span.
  func end(with status: StatusCode) {
    updateAttributes { $0["rpc.grpc.status_code"] = status.rawValue }
    setStatus(status == .ok ? SpanStatus(code: .ok) : SpanStatus(code: .error, message: status.description))
    end()
  }
}
