import InteropAPI
import ProtoWire
import RPCCore

/// Servers whose HTTP/2 is unusual or wrong: each case needs a server of its own.
/// https://github.com/grpc/grpc/blob/master/doc/negative-http2-interop-test-descriptions.md
extension InteropCase {
  /// The server sends GOAWAY after the first call: the second goes over another connection.
  func goAway() async throws {
    try await largeUnary()
    try await Task.sleep(for: .seconds(1))
    try await largeUnary()
  }

  /// RST_STREAM behind the response's head.
  func resetAfterHeader() async throws { try await expectReset() }

  /// RST_STREAM in the middle of the message.
  func resetDuringData() async throws { try await expectReset() }

  /// RST_STREAM behind the message, in the place of the trailers.
  func resetAfterData() async throws { try await expectReset() }

  private func expectReset() async throws {
    do {
      try await largeUnary()
    } catch let error as RPCError {
      try check(
        [.internal, .unavailable, .unknown, .cancelled].contains(error.code), "the call ended with \(error)")
      return
    }
    throw Failure(description: "a call whose stream was reset succeeded")
  }

  /// The server sends PINGs between its frames; it checks the answers.
  func ping() async throws { try await largeUnary() }

  /// The server takes one call at a time, after the first.
  func maxStreams() async throws {
    try await largeUnary()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { [self] in try await largeUnary() } }
      try await group.waitForAll()
    }
  }
}
