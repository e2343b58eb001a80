import RPCCore
import RPCServer

/// Responses as server-sent events, in the distinct connections mode of graphql-sse: `next` for each, then `complete`.
/// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
enum EventStream {
  private static let headers = [
    ("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no"),
    ("x-content-type-options", "nosniff"),
  ]

  /// An operation that is answered once.
  static func response(_ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(headers: headers, body: .bytes(next(body) + complete))
  }

  /// A subscription: it lasts until the method ends it, or the client goes.
  static func response(subscription runner: OperationRunner) -> HTTPResponse {
    HTTPResponse(headers: headers, body: .stream { writer in try await run(runner, writer) })
  }

  private static func run(_ runner: OperationRunner, _ writer: HTTPBodyWriter) async throws {
    guard let field = runner.plan.fields.first else { return try await writer.write(complete) }
    do throws(RPCError) {
      let call = try call(field, runner.contract)
      try await runner.calls.stream(call.binding.path, call.request) { message in
        try await writer.write(next(runner.event(message)))
      }
    } catch {
      if error.code == .cancelled { try Task.checkCancellation() }
      let error = GraphQLError(error, offset: field.offset, path: [.key(field.name)])
      try await writer.write(next(ResponseDocument.response(data: Array("null".utf8), [error], runner.text)))
    }
    try await writer.write(complete)
  }

  private static func call(_ field: PlanField, _ contract: GraphQLContract) throws(RPCError) -> RootCall {
    if let failure = field.failure { throw RPCError(.invalidArgument, failure) }
    guard case .call(let binding) = field.field.source else { throw RPCError(.internal, "the field has no method") }
    switch RootCall.make(binding, field.arguments, contract.transcoder) {
    case .success(let call): return call
    case .failure(let failure): throw RPCError(.invalidArgument, failure.description)
    }
  }

  private static func next(_ response: [UInt8]) -> [UInt8] {
    Array("event: next\ndata: ".utf8) + response + Array("\n\n".utf8)
  }

  private static let complete = Array("event: complete\ndata:\n\n".utf8)
}
