import ProtoWire
import RPCCore

/// The responses that a StreamResponseDefinition asks for, one after the other.
struct StreamReply {
  private let definition: StreamResponseDefinition
  private var sent = 0

  init(_ definition: StreamResponseDefinition, _ context: ServerContext) {
    self.definition = definition
    context.addInitialMetadata(Metadata(definition.responseHeaders))
    context.addTrailingMetadata(Metadata(definition.responseTrailers))
  }

  /// Whether what `next` gave last was the first.
  var isFirst: Bool { sent == 1 }

  /// What to send next, when it is time to; nil if nothing is left.
  mutating func next() async throws -> [UInt8]? {
    guard sent < definition.responseData.count else { return nil }
    if definition.responseDelayMs > 0 { try await Task.sleep(for: .milliseconds(Int64(definition.responseDelayMs))) }
    defer { sent += 1 }
    return definition.responseData[sent]
  }

  /// Ends the call with the error that is asked for. Where no response told what was seen of the request, the error
  /// does.
  func finish(_ echo: RequestEcho) throws {
    guard let error = definition.error else { return }
    throw RPCError(error, telling: sent == 0 ? echo.info : nil)
  }
}
