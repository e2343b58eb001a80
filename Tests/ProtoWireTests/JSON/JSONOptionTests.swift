import ProtoWire
import TestMessages
import Testing

/// Options, limits, errors, and wire bytes in forms that our own encoder does not write.
@Suite struct JSONOptionTests {
  private func json(_ wire: [UInt8], as name: String = "everything.Everything") throws -> String {
    String(decoding: try JSON.transcoder().json(fromWire: wire, messageName: name), as: UTF8.self)
  }

  @Test func defaultsArePrintedOnRequest() throws {
    let transcoder = try JSON.transcoder { $0.printsDefaults = true }
    let text = try Everything.with { $0.int32 = 5 }.json(transcoder)
    for member in [
      #""double":0"#, #""int32":5"#, #""int64":"0""#, #""bool":false"#, #""string":"""#, #""bytes":"""#,
      #""color":"COLOR_UNSPECIFIED""#, #""doubles":[]"#, #""stringMap":{}"#,
    ] { #expect(text.contains(member)) }
    for name in ["child\"", "optionalInt32", "chosenInt"] { #expect(!text.contains(name)) }
    #expect(try Everything(json: text, transcoder) == .with { $0.int32 = 5 })
  }

  @Test func namesAndNumbersAreAsAskedFor() throws {
    let transcoder = try JSON.transcoder {
      $0.preservesProtoNames = true; $0.printsEnumNumbers = true
    }
    let message = Everything.with {
      $0.optionalInt32 = 1; $0.color = .red; $0.colors = [.blue]
    }
    #expect(try message.json(transcoder) == #"{"color":1,"colors":[-2],"optional_int32":1}"#)
  }

  @Test func unknownFieldsAreIgnoredOnRequest() throws {
    let text =
      #"{"no":[{"a":[1,"x",null,true,{}]}],"int32":1,"colors":["NO","COLOR_RED"],"color":"NO","colorMap":{"1":"NO"}}"#
    #expect(try JSON.canonical(text) { $0.ignoresUnknownFields = true } == #"{"int32":1,"colors":["COLOR_RED"]}"#)
    #expect(try JSON.refusal(#"{"color":"NO"}"#).code == .unknownField)
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: #"{"child":"#, count: depth) + "{}" + String(repeating: "}", count: depth)
    }
    #expect(try JSON.canonical(nested(9)) { $0.depthLimit = 10 } == nested(9))
    #expect(try JSON.refusal(nested(10)) { $0.depthLimit = 10 }.code == .limit)
    for (opening, closing) in [("[", "]"), (#"{"a":"#, "}")] {
      let text =
        #"{"value":"# + String(repeating: opening, count: 100_000) + String(repeating: closing, count: 100_000) + "}"
      #expect(try JSON.refusal(text, as: "wellknown.WellKnown").code == .limit)
      #expect(try JSON.refusal(#"{"no":"# + text) { $0.ignoresUnknownFields = true }.code == .limit)
    }
    // The same of wire bytes.
    var message = Everything()
    for _ in 0..<50 { message = .with { $0.child = message } }
    let wire = message.wireBytes()
    let deep = try JSON.transcoder { $0.depthLimit = 50 }
    #expect(try !deep.json(fromWire: wire, messageName: "everything.Everything").isEmpty)
    let shallow = try JSON.transcoder { $0.depthLimit = 49 }
    let error = #expect(throws: JSONError.self) {
      try shallow.json(fromWire: wire, messageName: "everything.Everything")
    }
    #expect(error?.code == .limit)
  }

  @Test func sizeIsLimited() throws {
    #expect(try JSON.canonical("{}  ") { $0.sizeLimit = 4 } == "{}")
    #expect(try JSON.refusal("{}   ") { $0.sizeLimit = 4 }.code == .limit)
    let transcoder = try JSON.transcoder { $0.sizeLimit = 1 }
    #expect(throws: JSONError.self) { try Everything.with { $0.int32 = 1 }.json(transcoder) }
  }

  @Test func errorsSayWhere() throws {
    let error = try JSON.refusal("{\n  \"messageMap\": {\"k\": {\"children\": [{}, {\n \"int32\": \"x\"}]}}}")
    #expect(error.path == ["messageMap", "[\"k\"]", "children", "[1]", "int32"])
    #expect((error.line, error.column) == (3, 14))
    #expect(error.description.hasPrefix(#"messageMap["k"].children[1].int32: "#))
    let unknown = try JSON.refusal("{\"int32\": 1,\n\"no\": 2}")
    #expect((unknown.line, unknown.column) == (2, 1))
  }

  @Test func unknownMessagesAreNamed() throws {
    #expect(try JSON.refusal("{}", as: "no.Such").code == .unknownType)
    #expect(try JSON.pool.get().contains(messageNamed: "google.protobuf.Any"))
    #expect(try !JSON.pool.get().contains(messageNamed: "no.Such"))
  }

  // MARK: Wire bytes of other writers

  @Test func occurrencesMergeAsOnTheWire() throws {
    #expect(try json(bytes("1801 1802")) == #"{"int32":2}"#)
    #expect(try json(bytes("1801 1800")) == "{}")
    // A child in two pieces; elements of one array apart from each other, packed and not.
    #expect(
      try json(delimited(17, bytes("1801")) + bytes("6801") + delimited(17, bytes("2002")))
        == #"{"child":{"int32":1,"int64":"2"},"bool":true}"#)
    #expect(try json(bytes("b80101 6801 ba0102 0203 b80104")) == #"{"int32s":[1,2,3,4],"bool":true}"#)
    // Of a oneof the last.
    #expect(try json(bytes("e80301") + delimited(62, Array("s".utf8))) == #"{"chosenString":"s"}"#)
  }

  @Test func mapEntriesMayHaveAnyShape() throws {
    let entries =
      delimited(51, []) + delimited(51, bytes("1201 62 0a01 61")) + delimited(51, bytes("0a01 61 0a01 62 1201 63"))
    #expect(try json(entries) == #"{"stringMap":{"":"","a":"b","b":"c"}}"#)
  }

  @Test func proto2HasItsOwnRules() throws {
    let text =
      #"{"level":"LEVEL_LOW","levels":["LEVEL_HIGH"],"part":{"number":1},"item":[{"name":"x"},{}],"[legacy.note]":"n"}"#
    #expect(try JSON.canonical(text, as: "legacy.Old") == text)
    // A number that a closed enum has no name for is an unknown field.
    #expect(
      try json(bytes("1809 2001 2009 2a02 0905"), as: "legacy.Old")
        == #"{"levels":["LEVEL_LOW"],"packedLevels":["LEVEL_HIGH"]}"#)
  }

  @Test(arguments: ["08", "ff", "1aff01", "0b", "8a0102", "00", "8a01038a0102", "ffffffffffffffffffffff01"])
  func damagedBytesAreRefused(damaged: String) throws {
    let error = #expect(throws: JSONError.self) { try json(bytes(damaged)) }
    #expect(error?.code == .wire)
  }
}
