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
