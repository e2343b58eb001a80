import InteropAPI
import ProtoWire
import RPCCore

/// Calls with streams of messages.
extension InteropCase {
  func clientStreaming() async throws {
    let call = service.streamingInputCall()
    for size in Self.requestSizes { try await call.requests.write(.with { $0.payload = payload(size) }) }
    let sum = try await call.response().aggregatedPayloadSize
    try check(sum == 74_922, "the sum is \(sum)")
  }

  func clientCompressedStreaming() async throws {
    let options = CallOptions.with { $0.compression = .gzip }
    func request(_ size: Int32, _ isCompressed: Bool) -> StreamingInputCallRequest {
      .with {
        $0.expectCompressed = .with { $0.value = isCompressed }
        $0.payload = payload(size)
      }
    }
    try await expect(.invalidArgument, "an uncompressed request that says it is compressed") {
      let probe = service.streamingInputCall(options: options)
      try await probe.requests.write(request(27_182, true), compressed: false)
      _ = try await probe.response()
    }
    let call = service.streamingInputCall(options: options)
    try await call.requests.write(request(27_182, true))
    try await call.requests.write(request(45_904, false), compressed: false)
    let sum = try await call.response().aggregatedPayloadSize
    try check(sum == 73_086, "the sum is \(sum)")
  }

  func serverStreaming() async throws {
    let request = StreamingOutputCallRequest.with {
      $0.responseParameters = Self.responseSizes.map { size in .with { $0.size = size } }
    }
    var sizes = Self.responseSizes[...]
    for try await response in service.streamingOutputCall(request) {
      guard let size = sizes.popFirst() else { throw Failure(description: "there is a response too many") }
      try check(response.payload, size)
    }
    try check(sizes.isEmpty, "\(sizes.count) responses did not come")
  }

  func serverCompressedStreaming() async throws {
    let wanted: [(size: Int32, isCompressed: Bool)] = [(31_415, true), (92_653, false)]
    let request = StreamingOutputCallRequest.with {
      $0.responseParameters = wanted.map { wanted in
        .with {
          $0.size = wanted.size
          $0.compressed = .with { $0.value = wanted.isCompressed }
        }
      }
    }
    let record = CallRecord()
    var rest = wanted[...]
    for try await response in service.streamingOutputCall(request, options: .with { $0.record = record }) {
      guard let next = rest.popFirst() else { throw Failure(description: "there is a response too many") }
      try check(response.payload, next.size)
      try check(
        record.isResponseCompressed == next.isCompressed, "a response is\(next.isCompressed ? " not" : "") compressed")
    }
    try check(rest.isEmpty, "\(rest.count) responses did not come")
  }

  func pingPong() async throws {
    let call = service.fullDuplexCall()
    let responses = call.responses.makeAsyncIterator()
    for (size, responseSize) in zip(Self.requestSizes, Self.responseSizes) {
      try await call.requests.write(asking(size, responseSize))
      try check(try await responses.next()?.payload, responseSize)
    }
    call.requests.finish()
    try check(try await responses.next() == nil, "there is a response too many")
  }

  func emptyStream() async throws {
    let call = service.fullDuplexCall()
    call.requests.finish()
    for try await _ in call.responses { throw Failure(description: "there is a response") }
  }

  // MARK: Calls that are ended early

  func cancelAfterBegin() async throws {
    let call = service.streamingInputCall()
    try await expect(.cancelled, "the call") {
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        _ = try await call.response()
      }
      try await task.value
    }
  }

  func cancelAfterFirstResponse() async throws {
    try await expect(.cancelled, "the call") {
      let call = service.fullDuplexCall()
      try await call.requests.write(asking(27_182, 31_415))
      let responses = call.responses.makeAsyncIterator()
      try check(try await responses.next()?.payload, 31_415)
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        _ = try await responses.next()
      }
      try await task.value
    }
    // The connection is as good as before.
    try await largeUnary()
  }

  func timeoutOnSleepingServer() async throws {
    try await expect(.deadlineExceeded, "the call") {
      let call = service.fullDuplexCall(options: .with { $0.timeout = .milliseconds(1) })
      try await call.requests.write(.with { $0.payload = payload(27_182) })
      for try await _ in call.responses {}
    }
  }
}
