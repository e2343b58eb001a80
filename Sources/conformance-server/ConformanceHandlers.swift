import ConformanceAPI
import ProtoWire
import RPCCore

/// connectrpc.conformance.v1.ConformanceService: responds as each request specifies, and reports what it received.
struct ConformanceHandlers: ConformanceServiceProvider {
  func unary(_ request: UnaryRequest, context: ServerContext) async throws -> UnaryResponse {
    let payload = try await answer(request.responseDefinition, RequestEcho(context, [request]))
    return .with { $0.payload = payload }
  }

  func idempotentUnary(_ request: IdempotentUnaryRequest, context: ServerContext) async throws
    -> IdempotentUnaryResponse
  {
    let payload = try await answer(request.responseDefinition, RequestEcho(context, [request]))
    return .with { $0.payload = payload }
  }

  func clientStream(
    _ requests: RequestStream<ClientStreamRequest>, context: ServerContext
  ) async throws -> ClientStreamResponse {
    var all: [ClientStreamRequest] = []
    for try await request in requests { all.append(request) }
    let payload = try await answer(all.first?.responseDefinition, RequestEcho(context, all))
    return .with { $0.payload = payload }
  }

  func serverStream(
    _ request: ServerStreamRequest, responses: ResponseWriter<ServerStreamResponse>, context: ServerContext
  ) async throws {
    guard let definition = request.responseDefinition else { return }
    var reply = StreamReply(definition, context)
    try await responses.sendInitialMetadata()
    let echo = RequestEcho(context, [request])
    while let data = try await reply.next() {
      let info = reply.isFirst ? echo.info : nil
      try await responses.write(.with { $0.payload = .with(data, info) })
    }
    try reply.finish(echo)
  }

  func bidiStream(
    _ requests: RequestStream<BidiStreamRequest>, responses: ResponseWriter<BidiStreamResponse>, context: ServerContext
  ) async throws {
    let requests = requests.makeAsyncIterator()
    guard let first = try await requests.next() else { return }
    var reply = first.responseDefinition.map { StreamReply($0, context) }
    var echo = RequestEcho(context, [first])
    if reply != nil { try await responses.sendInitialMetadata() }

    if first.fullDuplex {
      // Sends a response for each request, and the error once no response is left. If requests end first, the code
      // below sends the remaining responses.
      var answered = true
      while answered {
        guard let data = try await reply?.next() else { return try reply?.finish(echo) ?? () }
        let info = reply?.isFirst == true ? echo.info : echo.requestsOnly
        try await responses.write(.with { $0.payload = .with(data, info) })
        echo.requests = []
        if let request = try await requests.next() { echo.add(request) } else { answered = false }
      }
    } else {
      while let request = try await requests.next() { echo.add(request) }
    }
    while let data = try await reply?.next() {
      let info = reply?.isFirst == true ? echo.info : nil
      try await responses.write(.with { $0.payload = .with(data, info) })
    }
    try reply?.finish(echo)
  }

  func unimplemented(_ request: UnimplementedRequest, context: ServerContext) async throws -> UnimplementedResponse {
    throw RPCError(.unimplemented, "the test suite expects that Unimplemented is not implemented")
  }

  /// The response of a call that has exactly one.
  private func answer(
    _ definition: UnaryResponseDefinition?, _ echo: RequestEcho
  ) async throws -> ConformancePayload {
    guard let definition else { return .with([], echo.info) }
    echo.context.addInitialMetadata(Metadata(definition.responseHeaders))
    echo.context.addTrailingMetadata(Metadata(definition.responseTrailers))
    if definition.responseDelayMs > 0 { try await Task.sleep(for: .milliseconds(Int64(definition.responseDelayMs))) }
    switch definition.response {
    case .error(let error): throw RPCError(error, reporting: echo.info)
    case .responseData(let data): return .with(data, echo.info)
    case nil: return .with([], echo.info)
    }
  }
}

extension ConformancePayload {
  static func with(_ data: [UInt8], _ info: RequestInfo?) -> ConformancePayload {
    .with {
      $0.data = data
      $0.requestInfo = info
    }
  }
}
