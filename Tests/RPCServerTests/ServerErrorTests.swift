import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// What a handler throws, and what its caller sees.
@Suite struct ServerErrorTests {
  private struct Secret: Error, CustomStringConvertible {
    var description: String { "password=hunter2" }
  }
  private struct Domestic: RPCErrorConvertible {
    var rpcError: RPCError { RPCError(.failedPrecondition, "not yet", cause: Secret()) }
  }

  private func failing(_ error: any Error & Sendable) -> MethodHandler {
    .unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in throw error }
  }

  private func reply(_ error: any Error & Sendable) async throws -> Reply {
    var reply = Reply()
    try await serving([failing(error)]) { reply = try await $0.client().call(path("Fail"), Bytes()) }
    #expect(reply.isTrailersOnly)
    #expect(reply.httpStatus == 200)
    return reply
  }

  @Test(arguments: StatusCode.allCodes.filter { $0 != .ok }.map(\.rawValue))
  func everyCodeTravels(number: Int) async throws {
    let reply = try await reply(RPCError(try #require(StatusCode(rawValue: number)), "reason \(number)"))
    #expect(reply.status == number)
    #expect(reply.text == "reason \(number)")
    #expect(reply.details == nil)
  }

  @Test(arguments: ["", "plain", "100% ☺\n\t\0\u{7f}", " spaces ", "a, b; c=\"d\"", String(repeating: "é", count: 500)])
  func everyMessageTravels(text: String) async throws {
    #expect(try await reply(RPCError(.notFound, text)).text == text)
  }

  @Test func detailsTravel() async throws {
    let error = RPCError(
      .invalidArgument, "bad ☺",
      details: [.errorInfo(reason: "R", domain: "d", metadata: ["k": "v"]), .retryInfo(delay: .seconds(2))])
    let reply = try await reply(error)
    let status = try Google_Rpc_Status(wireBytes: try #require(reply.details))
    #expect(status.code == 3 && status.message == "bad ☺")
    #expect(try Google_Rpc_ErrorInfo(wireBytes: status.details[0].value).reason == "R")
    #expect(try Google_Rpc_RetryInfo(wireBytes: status.details[1].value).retryDelay?.seconds == 2)
    #expect(reply.value("grpc-status-details-bin", in: reply.trailers)?.contains("=") == false)
  }

  @Test func domainErrorsSayWhatTheyMean() async throws {
    let reply = try await reply(Domestic())
    #expect(reply.status == 9)
    #expect(reply.text == "not yet")
    #expect(!"\(reply)".contains("hunter2"))
  }

  @Test func anyOtherErrorIsUnknownAndKeepsItsWordsToItself() async throws {
    let reply = try await reply(Secret())
    #expect(reply.status == 2)
    #expect(!reply.text.isEmpty)
    #expect(!"\(reply)".contains("hunter2"))
  }

  @Test func aCancellationErrorOfTheHandlersOwnIsCancelled() async throws {
    #expect(try await reply(CancellationError()).status == 1)
  }

  /// Messages that were written before the error belong to the answer.
  @Test func whatWasWrittenBeforeAnErrorArrives() async throws {
    let some = MethodHandler.serverStreaming(.test("Some", .serverStreaming)) {
      (request: Number, responses: ResponseWriter<Number>, _) in
      for number in stride(from: 1, through: request.value, by: 1) { try await responses.write(Number(number)) }
      throw RPCError(.dataLoss, "that was all")
    }
    try await serving([some]) { server in
      let client = try await server.client()
      for count in [0, 1, 3, 1000] {
        let reply = try await client.call(path("Some"), Number(Int64(count)))
        #expect(reply.status == 15)
        #expect(reply.messages.count == count)
      }
    }
  }

  @Test func aResponseOverTheLimitIsRefused() async throws {
    try await serving([.echo]) {
      $0.maximumResponseSize = 1000
    } _: { server in
      let client = try await server.client()
      #expect(try await client.call(path("Echo"), Bytes(bytes(997))).status == 0)
      let reply = try await client.call(path("Echo"), Bytes(bytes(998)))
      #expect(reply.status == 8)
      #expect(reply.messages.isEmpty)
    }
  }

  @Test func twoServicesOfOneNameCannotBeServed() async throws {
    await #expect(throws: ServerError.duplicateService("test.Service")) {
      try await serving([.echo], services: [TestService(methodHandlers: [.echo])]) { _ in }
    }
  }
}
