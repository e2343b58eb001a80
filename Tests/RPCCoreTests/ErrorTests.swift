import ProtoWire
import RPCCore
import Synchronization
import Testing

@Suite struct ErrorTests {
  private struct Domestic: RPCErrorConvertible {
    var rpcError: RPCError { RPCError(.failedPrecondition, "not yet") }
  }
  private struct Secret: Error, CustomStringConvertible {
    var description: String { "password=hunter2" }
  }

  @Test func errorsBecomeStatusesInOnePlace() {
    let own = RPCError(mapping: RPCError(.notFound, "gone", metadata: ["a": "b"]))
    #expect(own.code == .notFound && own.message == "gone" && own.metadata == ["a": "b"])
    let domestic = RPCError(mapping: Domestic())
    #expect(domestic.code == .failedPrecondition && domestic.message == "not yet")
    #expect(RPCError(mapping: CancellationError()).code == .cancelled)
  }

  /// What the handler did not mean for its caller stays in the process.
  @Test func anyOtherErrorIsUnknownWithAFixedText() {
    let error = RPCError(mapping: Secret())
    #expect(error.code == .unknown)
    #expect(!error.message.contains("hunter2"))
    #expect(!error.description.contains("hunter2"))
    #expect(error.cause is Secret)
    #expect(error.statusDetails == nil)
  }

  @Test func detailsTravelAsAnyInsideOfStatus() throws {
    let error = RPCError(
      .invalidArgument, "two fields ☺",
      details: [
        .errorInfo(reason: "BAD", domain: "example.com", metadata: ["k": "v"]),
        .badRequest([("name", "is empty", "EMPTY"), ("email", "has no @", "SYNTAX")]),
        .resourceInfo(type: "user", name: "users/1", owner: "me", description: "is gone"),
        .retryInfo(delay: .milliseconds(1_500)),
        ErrorDetail(Google_Protobuf_StringValue.with { $0.value = "own" }),
      ])
    let status = try Google_Rpc_Status(wireBytes: try #require(error.statusDetails))
    #expect(status.code == 3)
    #expect(status.message == "two fields ☺")
    #expect(
      status.details.map(\.typeURL) == [
        "type.googleapis.com/google.rpc.ErrorInfo", "type.googleapis.com/google.rpc.BadRequest",
        "type.googleapis.com/google.rpc.ResourceInfo", "type.googleapis.com/google.rpc.RetryInfo",
        "type.googleapis.com/google.protobuf.StringValue",
      ])
    let info = try Google_Rpc_ErrorInfo(wireBytes: status.details[0].value)
    #expect(info.reason == "BAD" && info.domain == "example.com" && info.metadata == ["k": "v"])
    let bad = try Google_Rpc_BadRequest(wireBytes: status.details[1].value)
    #expect(bad.fieldViolations.map(\.field) == ["name", "email"])
    #expect(bad.fieldViolations.map(\.description) == ["is empty", "has no @"])
    #expect(bad.fieldViolations.map(\.reason) == ["EMPTY", "SYNTAX"])
    let resource = try Google_Rpc_ResourceInfo(wireBytes: status.details[2].value)
    #expect(resource.resourceType == "user" && resource.resourceName == "users/1" && resource.owner == "me")
    let retry = try Google_Rpc_RetryInfo(wireBytes: status.details[3].value)
    #expect(retry.retryDelay?.seconds == 1 && retry.retryDelay?.nanos == 500_000_000)
  }

  /// Each type of google/rpc/error_details.proto, built, sent and read again.
  @Test func everyDetailTravels() throws {
    let sent = RPCError(
      .resourceExhausted, "slow down",
      details: [
        .errorInfo(reason: "R", domain: "d", metadata: ["k": "v"]), .retryInfo(delay: .milliseconds(1_250)),
        .debugInfo(detail: "why", stack: ["a", "b"]),
        .quotaFailure([("user:1", "a day's worth"), ("all", "a month's")]),
        .preconditionFailure([("TOS", "example.com", "not accepted")]), .badRequest([("f", "wrong", "W")]),
        .requestInfo(id: "r-1", servingData: "s"), .resourceInfo(type: "user", name: "users/1", owner: "o"),
        .help([("how to", "https://example.com/help")]), .localizedMessage("langsamer", locale: "de"),
        .localizedMessage("moins vite", locale: "fr"),
      ])
    let bytes = try #require(sent.statusDetails)
    let error = try #require(RPCError(try Google_Rpc_Status(wireBytes: bytes)))
    #expect(error.code == .resourceExhausted && error.message == "slow down" && error.details == sent.details)
    let details = error.details
    #expect(details.errorInfo?.reason == "R" && details.errorInfo?.metadata == ["k": "v"])
    #expect(details.retryDelay == .milliseconds(1_250))
    #expect(details.debugInfo?.detail == "why" && details.debugInfo?.stackEntries == ["a", "b"])
    #expect(details.quotaFailure?.violations.map(\.subject) == ["user:1", "all"])
    #expect(details.quotaFailure?.violations.map(\.description) == ["a day's worth", "a month's"])
    let violation = try #require(details.preconditionFailure?.violations.first)
    #expect(violation.type == "TOS" && violation.subject == "example.com" && violation.description == "not accepted")
    #expect(details.badRequest?.fieldViolations.map(\.field) == ["f"])
    #expect(details.requestInfo?.requestID == "r-1" && details.requestInfo?.servingData == "s")
    #expect(details.resourceInfo?.resourceName == "users/1" && details.resourceInfo?.owner == "o")
    #expect(details.help?.links.map(\.url) == ["https://example.com/help"])
    #expect(details.help?.links.map(\.description) == ["how to"])
    #expect(details.localizedMessages.map(\.locale) == ["de", "fr"])
    #expect(details.localizedMessages.map(\.message) == ["langsamer", "moins vite"])
  }

  @Test func whatIsNotThereIsNotRead() {
    let none: [ErrorDetail] = []
    #expect(none.errorInfo == nil && none.retryDelay == nil && none.localizedMessages.isEmpty)
    let damaged = ErrorDetail(
      packed: .with {
        $0.typeURL = "type.googleapis.com/google.rpc.ErrorInfo"
        $0.value = [0xff]
      })
    #expect([damaged].errorInfo == nil)
    #expect([damaged, .errorInfo(reason: "R", domain: "d")].errorInfo?.reason == "R")
    for delay in [
      Google_Protobuf_Duration.with { $0.seconds = -1 }, .with { $0.nanos = -1 }, .with { $0.nanos = .max },
    ] {
      #expect([ErrorDetail(Google_Rpc_RetryInfo.with { $0.retryDelay = delay })].retryDelay == nil)
    }
    let longest = ErrorDetail(Google_Rpc_RetryInfo.with { $0.retryDelay = .with { $0.seconds = .max } })
    #expect([longest].retryDelay == .seconds(Int64.max))
  }

  @Test func statusesBecomeErrors() {
    #expect(RPCError(Google_Rpc_Status()) == nil)
    #expect(RPCError(.with { $0.code = 99 })?.code == .unknown)
    #expect(RPCError(.with { $0.code = -1 })?.code == .unknown)
  }

  @Test func detailsUnpackAsTheirTypeOnly() {
    let detail = ErrorDetail.errorInfo(reason: "R", domain: "d")
    #expect(detail.unpack(as: Google_Rpc_ErrorInfo.self)?.reason == "R")
    #expect(detail.unpack(as: Google_Rpc_RetryInfo.self) == nil)
  }

  @Test func methodsNameTheirPathAndContextsTheirRules() {
    let method = MethodDescriptor(service: "a.v1.B", name: "C", kind: .unary)
    #expect(method.path == "/a.v1.B/C")
    let context = ServerContext(method: method, requestMetadata: ["k": "v"])
    #expect(context.requestMetadata.text("k") == "v")
    #expect(context.addInitialMetadata(["early": "1"]))
    context.call.response.withLock { $0.isInitialMetadataSent = true }
    #expect(!context.addInitialMetadata(["late": "1"]))
    context.addTrailingMetadata(["end": "1"])
    #expect(context.call.response.withLock { $0.metadata?.initial } == ["early": "1"])
    #expect(context.call.response.withLock { $0.metadata?.trailing } == ["end": "1"])
  }
}
