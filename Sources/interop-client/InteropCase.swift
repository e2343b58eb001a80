import InteropAPI
import ProtoWire
import RPCClient
import RPCCore

/// The cases of the interoperability tests, each a method of an extension.
struct InteropCase: Sendable {
  /// Why a case did not pass.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private static let cases: [(name: String, run: @Sendable (InteropCase) async throws -> Void)] = [
    ("empty_unary", { try await $0.emptyUnary() }),
    ("large_unary", { try await $0.largeUnary() }),
    ("client_compressed_unary", { try await $0.clientCompressedUnary() }),
    ("server_compressed_unary", { try await $0.serverCompressedUnary() }),
    ("client_streaming", { try await $0.clientStreaming() }),
    ("client_compressed_streaming", { try await $0.clientCompressedStreaming() }),
    ("server_streaming", { try await $0.serverStreaming() }),
    ("server_compressed_streaming", { try await $0.serverCompressedStreaming() }),
    ("ping_pong", { try await $0.pingPong() }),
    ("empty_stream", { try await $0.emptyStream() }),
    ("custom_metadata", { try await $0.customMetadata() }),
    ("status_code_and_message", { try await $0.statusCodeAndMessage("test status message") }),
    ("special_status_message", { try await $0.specialStatusMessage() }),
    ("unimplemented_method", { try await $0.unimplementedMethod() }),
    ("unimplemented_service", { try await $0.unimplementedService() }),
    ("cancel_after_begin", { try await $0.cancelAfterBegin() }),
    ("cancel_after_first_response", { try await $0.cancelAfterFirstResponse() }),
    ("timeout_on_sleeping_server", { try await $0.timeoutOnSleepingServer() }),
    ("rpc_soak", { try await $0.rpcSoak() }),
    ("channel_soak", { try await $0.channelSoak() }),
    ("goaway", { try await $0.goAway() }),
    ("rst_after_header", { try await $0.resetAfterHeader() }),
    ("rst_during_data", { try await $0.resetDuringData() }),
    ("rst_after_data", { try await $0.resetAfterData() }),
    ("ping", { try await $0.ping() }),
    ("max_streams", { try await $0.maxStreams() }),
  ]

  /// The names of the cases.
  static var names: [String] { cases.map(\.name) }

  let service: TestServiceClient
  let unimplemented: UnimplementedServiceClient
  let soak: SoakOptions
  let makeChannel: @Sendable () throws -> Channel

  init(_ channel: Channel, soak: SoakOptions, makeChannel: @escaping @Sendable () throws -> Channel) {
    service = TestServiceClient(channel)
    unimplemented = UnimplementedServiceClient(channel)
    self.soak = soak
    self.makeChannel = makeChannel
  }

  func run(_ name: String) async throws {
    for known in Self.cases where known.name == name { return try await known.run(self) }
    throw Failure(description: "there is no such case")
  }

  // MARK: For the cases

  /// Fails the case unless the condition holds.
  func check(_ condition: Bool, _ complaint: @autoclosure () -> String) throws {
    if !condition { throw Failure(description: complaint()) }
  }

  /// Fails the case unless the call fails with this code.
  @discardableResult
  func expect(_ code: StatusCode, _ what: String, _ call: () async throws -> Void) async throws -> RPCError {
    do {
      try await call()
    } catch let error as RPCError {
      try check(error.code == code, "\(what) ended with \(error), not \(code)")
      return error
    }
    throw Failure(description: "\(what) succeeded, and was to end with \(code)")
  }

  /// That many zeros.
  func payload(_ size: Int32) -> Payload {
    .with { $0.body = [UInt8](repeating: 0, count: Int(max(size, 0))) }
  }

  func check(_ payload: Payload?, _ size: Int32) throws {
    let body = payload?.body ?? []
    try check(body.count == Int(size), "the payload has \(body.count) bytes, not \(size)")
    try check(body.allSatisfy { $0 == 0 }, "the payload has others than zeros")
  }

  func asking(_ size: Int32, _ responseSize: Int32) -> StreamingOutputCallRequest {
    .with {
      $0.responseParameters = [.with { $0.size = responseSize }]
      $0.payload = payload(size)
    }
  }

  static let requestSizes: [Int32] = [27182, 8, 1828, 45904]
  static let responseSizes: [Int32] = [31415, 9, 2653, 58979]
}
