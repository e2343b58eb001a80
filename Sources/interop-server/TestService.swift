import InteropAPI
import ProtoWire
import RPCCore

/// grpc.testing.TestService, as gRPC's interoperability tests specify it.
/// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md#server
struct TestService: TestServiceProvider {
  /// The largest payload that it returns: the caller chooses the size. No test needs as much.
  private static let largestPayload: Int32 = 16 << 20

  func emptyCall(_ request: Empty, context: ServerContext) async throws -> Empty {
    echoMetadata(context)
    return Empty()
  }

  func unaryCall(_ request: SimpleRequest, context: ServerContext) async throws -> SimpleResponse {
    echoMetadata(context)
    try check(request.expectCompressed, context)
    try check(request.responseStatus)
    if let wanted = request.responseCompressed { context.responseCompression = wanted.value ? .gzip : .identity }
    let payload = try payload(request.responseSize)
    return .with { $0.payload = payload }
  }

  func cacheableUnaryCall(_ request: SimpleRequest, context: ServerContext) async throws -> SimpleResponse {
    try await unaryCall(request, context: context)
  }

  func streamingOutputCall(
    _ request: StreamingOutputCallRequest, responses: ResponseWriter<StreamingOutputCallResponse>,
    context: ServerContext
  ) async throws {
    echoMetadata(context)
    try await answer(request, responses, context)
  }

  func streamingInputCall(
    _ requests: RequestStream<StreamingInputCallRequest>, context: ServerContext
  ) async throws -> StreamingInputCallResponse {
    echoMetadata(context)
    var size = 0
    for try await request in requests {
      try check(request.expectCompressed, context)
      size += request.payload?.body.count ?? 0
    }
    return .with { $0.aggregatedPayloadSize = Int32(clamping: size) }
  }

  func fullDuplexCall(
    _ requests: RequestStream<StreamingOutputCallRequest>, responses: ResponseWriter<StreamingOutputCallResponse>,
    context: ServerContext
  ) async throws {
    echoMetadata(context)
    for try await request in requests { try await answer(request, responses, context) }
  }

  func halfDuplexCall(
    _ requests: RequestStream<StreamingOutputCallRequest>, responses: ResponseWriter<StreamingOutputCallResponse>,
    context: ServerContext
  ) async throws {
    echoMetadata(context)
    var all: [StreamingOutputCallRequest] = []
    for try await request in requests { all.append(request) }
    for request in all { try await answer(request, responses, context) }
  }

  func unimplementedCall(_ request: Empty, context: ServerContext) async throws -> Empty {
    throw RPCError(.unimplemented, "the test suite expects that UnimplementedCall is not implemented")
  }

  // MARK: Shared by the calls

  private func answer(
    _ request: StreamingOutputCallRequest, _ responses: ResponseWriter<StreamingOutputCallResponse>,
    _ context: ServerContext
  ) async throws {
    try check(request.responseStatus)
    if request.responseParameters.contains(where: { $0.compressed?.value == true }) {
      context.responseCompression = .gzip
    }
    for parameters in request.responseParameters {
      if parameters.intervalUs > 0 { try await Task.sleep(for: .microseconds(Int64(parameters.intervalUs))) }
      let payload = try payload(parameters.size)
      try await responses.write(.with { $0.payload = payload }, compressed: parameters.compressed?.value ?? false)
    }
  }

  private func payload(_ size: Int32) throws -> Payload {
    guard (0...Self.largestPayload).contains(size) else {
      throw RPCError(.invalidArgument, "a payload must have from 0 to \(Self.largestPayload) bytes, not \(size)")
    }
    return .with { $0.body = [UInt8](repeating: 0, count: Int(size)) }
  }

  private func check(_ status: EchoStatus?) throws {
    guard let status, status.code != 0 else { return }
    throw RPCError(StatusCode(rawValue: Int(status.code)) ?? .unknown, status.message)
  }

  /// client_compressed_unary and client_compressed_streaming: a request says whether it is compressed.
  private func check(_ isExpected: BoolValue?, _ context: ServerContext) throws {
    guard let isExpected, isExpected.value != context.isRequestCompressed else { return }
    throw RPCError(
      .invalidArgument,
      "expect_compressed is \(isExpected.value), but the message is \(isExpected.value ? "not " : "")compressed")
  }

  /// custom_metadata: returns one field as initial metadata, and the other as trailing metadata.
  private func echoMetadata(_ context: ServerContext) {
    let received = context.requestMetadata
    if let text = received.text("x-grpc-test-echo-initial") {
      context.addInitialMetadata(["x-grpc-test-echo-initial": text])
    }
    var trailing = Metadata()
    for bytes in received.bytes("x-grpc-test-echo-trailing-bin") {
      trailing.add("x-grpc-test-echo-trailing-bin", bytes: bytes)
    }
    if !trailing.isEmpty { context.addTrailingMetadata(trailing) }
  }
}
