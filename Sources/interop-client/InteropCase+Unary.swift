import InteropAPI
import ProtoWire
import RPCCore

/// Calls with one message each way.
extension InteropCase {
  func emptyUnary() async throws {
    let answer = try await service.emptyCall(Empty())
    try check(answer == Empty(), "the answer is not empty")
  }

  func largeUnary(_ options: CallOptions = CallOptions()) async throws {
    let request = SimpleRequest.with {
      $0.responseSize = 314_159
      $0.payload = payload(271_828)
    }
    try check(try await service.unaryCall(request, options: options).payload, 314_159)
  }

  /// Whether the request is compressed, the server checks.
  func clientCompressedUnary() async throws {
    func call(expecting isCompressed: Bool, _ compression: CompressionAlgorithm) async throws {
      let request = SimpleRequest.with {
        $0.expectCompressed = .with { $0.value = isCompressed }
        $0.responseSize = 314_159
        $0.payload = payload(271_828)
      }
      try check(
        try await service.unaryCall(request, options: .with { $0.compression = compression }).payload, 314_159)
    }
    try await expect(.invalidArgument, "an uncompressed request that says it is compressed") {
      try await call(expecting: true, .identity)
    }
    try await call(expecting: true, .gzip)
    try await call(expecting: false, .identity)
  }

  func serverCompressedUnary() async throws {
    for isCompressed in [true, false] {
      let record = CallRecord()
      let request = SimpleRequest.with {
        $0.responseCompressed = .with { $0.value = isCompressed }
        $0.responseSize = 314_159
        $0.payload = payload(271_828)
      }
      try check(try await service.unaryCall(request, options: .with { $0.record = record }).payload, 314_159)
      try check(
        record.isResponseCompressed == isCompressed, "the response is\(isCompressed ? " not" : "") compressed")
    }
  }

  func customMetadata() async throws {
    let options = CallOptions.with {
      $0.metadata.add("x-grpc-test-echo-initial", "test_initial_metadata_value")
      $0.metadata.add("x-grpc-test-echo-trailing-bin", bytes: [0xab, 0xab, 0xab])
    }
    func checkEchoed(_ record: CallRecord) throws {
      try check(
        record.initialMetadata?.text("x-grpc-test-echo-initial") == "test_initial_metadata_value",
        "the initial metadata did not come back")
      try check(
        record.trailingMetadata?.bytes("x-grpc-test-echo-trailing-bin") == [[0xab, 0xab, 0xab]],
        "the trailing metadata did not come back")
    }
    var unary = options
    let unaryRecord = CallRecord()
    unary.record = unaryRecord
    try await largeUnary(unary)
    try checkEchoed(unaryRecord)
    var duplex = options
    let duplexRecord = CallRecord()
    duplex.record = duplexRecord
    let call = service.fullDuplexCall(options: duplex)
    try await call.requests.write(asking(271_828, 314_159))
    call.requests.finish()
    for try await response in call.responses { try check(response.payload, 314_159) }
    try checkEchoed(duplexRecord)
  }

  func specialStatusMessage() async throws {
    try await statusCodeAndMessage(
      "\t\ntest with whitespace\r\nand Unicode BMP \u{263a} and non-BMP \u{1f608}\t\n")
  }

  func statusCodeAndMessage(_ message: String) async throws {
    let status = EchoStatus.with {
      $0.code = 2
      $0.message = message
    }
    let unary = try await expect(.unknown, "the unary call") {
      _ = try await service.unaryCall(.with { $0.responseStatus = status })
    }
    let duplex = try await expect(.unknown, "the duplex call") {
      let call = service.fullDuplexCall()
      try await call.requests.write(.with { $0.responseStatus = status })
      call.requests.finish()
      for try await _ in call.responses {}
    }
    for error in [unary, duplex] { try check(error.message == message, "the message is \(error.message)") }
  }

  func unimplementedMethod() async throws {
    try await expect(.unimplemented, "the call") { _ = try await service.unimplementedCall(Empty()) }
  }

  func unimplementedService() async throws {
    try await expect(.unimplemented, "the call") { _ = try await unimplemented.unimplementedCall(Empty()) }
  }
}
