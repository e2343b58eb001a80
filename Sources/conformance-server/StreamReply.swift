import ConformanceAPI
import ProtoWire
import RPCCore

/// The responses that a StreamResponseDefinition specifies, one after the other.
struct StreamReply {
  private let definition: StreamResponseDefinition
  private var sent = 0

  init(_ definition: StreamResponseDefinition, _ context: ServerContext) {
    self.definition = definition
    context.addInitialMetadata(Metadata(definition.responseHeaders))
    context.addTrailingMetadata(Metadata(definition.responseTrailers))
  }

  /// Whether `next` has returned exactly one response.
  var isFirst: Bool { sent == 1 }

  /// The next response, after the delay that the test case specifies; nil if none is left.
  mutating func next() async throws -> [UInt8]? {
    guard sent < definition.responseData.count else { return nil }
    if definition.responseDelayMs > 0 { try await Task.sleep(for: .milliseconds(Int64(definition.responseDelayMs))) }
    defer { sent += 1 }
    return definition.responseData[sent]
  }

  /// Ends the call with the error that the test case specifies, if any. If there was no response to report what the
  /// server received, the error reports it.
  func finish(_ echo: RequestEcho) throws {
    guard let error = definition.error else { return }
    throw RPCError(error, reporting: sent == 0 ? echo.info : nil)
  }
}
