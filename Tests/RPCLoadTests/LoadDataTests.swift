import InteropAPI
import ProtoWire
import RPCCore
import RPCDynamic
import RPCLoad
import TestSupport
import Testing

/// Templates, data, thresholds and durations: what a user writes.
@Suite struct LoadDataTests {
  private let values = TemplateValues(requestNumber: 41, worker: 3, method: "a.b.Service/Do")

  private func text(_ template: String, seed: UInt64 = 1) throws -> String {
    var random = SeededGenerator(seed: seed)
    return try LoadTemplate(template).text(values, using: &random)
  }

  @Test func actionsOfTemplates() throws {
    #expect(try text("n={{.RequestNumber}} w={{ .WorkerID }}") == "n=41 w=3")
    #expect(try text("{{.FullyQualifiedName}}|{{.ServiceName}}|{{.MethodName}}") == "a.b.Service/Do|a.b.Service|Do")
    #expect(try text("{{randomInt 5 5}}") == "5")
    #expect(try text("{{randomString 12}}").count == 12)
    #expect(try text("{{randomString 12}}", seed: 1) != text("{{randomString 12}}", seed: 2))
    #expect(try text("{\"a\": {\"b\": 1}}") == "{\"a\": {\"b\": 1}}")
    let uuid = try text("{{newUUID}}")
    #expect(uuid.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
    #expect(Array(uuid)[14] == "4" && "89ab".contains(Array(uuid)[19]))
    #expect(try text("{{.Timestamp}}").hasSuffix("Z"))
    let (seconds, nanoseconds) = (try text("{{.TimestampUnix}}"), try text("{{.TimestampUnixNano}}"))
    #expect(nanoseconds.count == seconds.count + 9)
  }

  @Test func whichTemplatesAreTheSameForAllCalls() throws {
    #expect(try LoadTemplate("{\"name\": \"{{.MethodName}}\"}").isFixed)
    #expect(try !LoadTemplate("{{.RequestNumber}}").isFixed)
  }

  @Test(arguments: [
    "{{", "{{.Nothing}}", "{{randomInt 1}}", "{{randomInt a b}}", "{{randomInt 2 1}}", "{{randomString -1}}",
    "{{randomString 1 2}}", "{{}}",
  ])
  func wrongTemplates(_ template: String) { #expect(throws: LoadError.self) { try LoadTemplate(template) } }

  // MARK: Requests

  private func method(_ name: String) throws -> DynamicMethod {
    let files = [TestServiceMethods.service.file] + TestServiceMethods.service.file.dependencies
    let described = try files.map { try Google_Protobuf_FileDescriptorProto(wireBytes: $0.serialized) }
    return try MethodCatalog(described).method("grpc.testing.TestService/\(name)")
  }

  @Test(arguments: [
    ("{}", 1), ("[{}, {}, {}]", 3), (" [ {\"payload\": {\"body\": \"W10=\"}} , {} ] ", 2),
    ("[{\"fillUsername\": true}]", 1), ("{} {\"responseSize\": 1}\n{}", 3),
    ("[{\"responseStatus\": {\"message\": \"a, [\\\"}\"}}, {}]", 2),
  ])
  func dataOfMessages(_ data: String, _ count: Int) throws {
    #expect(try LoadRequests(method("UnaryCall"), data: data, metadata: []).count == count)
  }

  @Test(arguments: [
    "", "[", "[{}", "[{},]", "[{}}", "{", "{} x", "[,{}]", "[{}] {}", "{\"nothing\": 1}", "[{}, {\"nothing\": 1}]",
    "[]", "{\"responseSize\": \"{{newUUID}}\"}",
  ])
  func wrongData(_ data: String) throws {
    let method = try method("UnaryCall")
    #expect(throws: LoadError.self) { try LoadRequests(method, data: data, metadata: []) }
  }

  @Test func aStreamMayHaveNoMessages() throws {
    #expect(try LoadRequests(method("StreamingInputCall"), data: " ", metadata: []).count == 0)
    #expect(try LoadRequests(method("StreamingInputCall"), data: "[]", metadata: []).count == 0)
  }

  @Test func metadata() throws {
    let fields = try MetadataText.fields(json: #"{"x-b": "{{.RequestNumber}}", "x-a": "1", "x-raw-bin": "AQI="}"#)
    let requests = try LoadRequests(method("UnaryCall"), data: "{}", metadata: fields)
    var random = SeededGenerator(seed: 1)
    let metadata = try requests.metadata(values, using: &random)
    #expect(metadata.text("x-a") == "1" && metadata.text("x-b") == "41" && metadata.bytes("x-raw-bin") == [[1, 2]])
    let method = try method("UnaryCall")
    #expect(throws: LoadError.self) { try LoadRequests(method, data: "{}", metadata: [("grpc-timeout", "1S")]) }
    #expect(throws: LoadError.self) { try LoadRequests(method, data: "{}", metadata: [("x-bin", "!")]) }
    #expect(throws: LoadError.self) { try MetadataText.fields(json: "[]") }
    #expect(throws: LoadError.self) { try MetadataText.fields(json: #"{"a": 1}"#) }
  }

  // MARK: Numbers

  @Test(
    arguments: [
      ("10s", 10_000_000_000), ("500ms", 500_000_000), ("1m30s", 90_000_000_000), ("1.5h", 5_400_000_000_000),
      ("7us", 7000), ("250ns", 250), ("2", 2_000_000_000), ("0", 0),
    ] as [(String, UInt64)])
  func durations(_ text: String, _ nanoseconds: UInt64) { #expect(DurationText.nanoseconds(text) == nanoseconds) }

  @Test(arguments: ["", "s", "10x", "-1s", "1s2", "1e30s", "nan", "1..5s"])
  func wrongDurations(_ text: String) { #expect(DurationText.nanoseconds(text) == nil) }

  @Test func numbers() {
    #expect(Decimal.text(1.005, 1) == "1.0")
    #expect(Decimal.text(0.066, 2) == "0.07")
    #expect(Decimal.text(-0.004, 2) == "0.00")
    #expect(Decimal.text(-3.5, 1) == "-3.5")
    #expect(Decimal.text(12, 0) == "12")
    #expect(DurationText.short(1_234_000) == "1.23 ms")
  }
}
