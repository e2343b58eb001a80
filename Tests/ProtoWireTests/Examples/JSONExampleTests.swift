import ProtoWire
import TestMessages
import Testing

/// The examples of the documentation of ProtoWire's JSON, run with a message that has everything.
@Suite struct JSONExampleTests {
  private func transcoder(_ change: (inout JSONOptions) -> Void = { _ in }) throws -> JSONTranscoder {
    JSONTranscoder(pool: try DescriptorPool(files: [.everything]), options: .with(change))
  }

  private func fault(_ json: String, _ transcoder: JSONTranscoder) throws -> JSONError {
    try #require(throws: JSONError.self) { try Everything(json: json, transcoder) }
  }

  @Test func bothWays() throws {
    let transcoder = try transcoder()
    let message = Everything.with { $0.string = "a" }
    #expect(try message.json(transcoder) == #"{"string":"a"}"#)
    #expect(try Everything(json: #"{"string": "a"}"#, transcoder) == message)
    let name = Everything.messageName
    let json = try message.wireBytes().withUnsafeBytes { try transcoder.json(fromWire: $0, messageName: name) }
    #expect(json == Array(#"{"string":"a"}"#.utf8))
    #expect(try transcoder.json(fromWire: message.wireBytes(), messageName: name) == json)
    var text = #"{"string": "a"}"#
    let wire = try text.withUTF8 { try transcoder.wire(fromJSON: UnsafeRawBufferPointer($0), messageName: name) }
    #expect(wire == message.wireBytes())
    #expect(try transcoder.wire(fromJSON: Array("{}".utf8), messageName: name) == [])
  }

  @Test func errorsSayWhatAndWhere() throws {
    let error = try fault(#"{"stringMap": {"team": 7}}"#, try transcoder())
    #expect(error.code == .invalidValue)
    #expect(error.path == ["stringMap", "[\"team\"]"])
    #expect(error.line == 1 && error.column == 24)
    #expect(error.description.hasPrefix(#"stringMap["team"]: "#))
  }

  @Test func options() throws {
    let unknown = #"{"string": "a", "nickname": "b"}"#
    #expect(try fault(unknown, try transcoder()).code == .unknownField)
    #expect(try Everything(json: unknown, try transcoder { $0.ignoresUnknownFields = true }).string == "a")
    #expect(try Everything().json(try transcoder { $0.printsDefaults = true }).contains(#""string":"""#))
    let map = Everything.with { $0.stringMap = ["k": "v"] }
    #expect(try map.json(try transcoder { $0.preservesProtoNames = true }) == #"{"string_map":{"k":"v"}}"#)
    let red = Everything.with { $0.color = .red }
    #expect(try red.json(try transcoder()) == #"{"color":"COLOR_RED"}"#)
    #expect(try red.json(try transcoder { $0.printsEnumNumbers = true }) == #"{"color":1}"#)
    #expect(try fault(#"{"child": {"child": {}}}"#, try transcoder { $0.depthLimit = 1 }).code == .limit)
    #expect(try fault(#"{"string": "a"}"#, try transcoder { $0.sizeLimit = 10 }).code == .limit)
    #expect(JSONOptions().depthLimit == 100)
  }

  @Test func files() throws {
    #expect(ProtoFile.everything.name == "everything.proto")
    let file = ProtoFile(name: "a.proto", base64: "CgdhLnByb3Rv", dependencies: [])
    #expect(file.serialized == [0x0a, 0x07] + Array("a.proto".utf8))
    let same = ProtoFile(name: "a.proto", serialized: file.serialized, dependencies: [.everything])
    #expect(same.dependencies.map(\.name) == ["everything.proto"])
    #expect(try DescriptorPool(files: [.everything]).contains(messageNamed: "everything.Everything"))
  }
}
