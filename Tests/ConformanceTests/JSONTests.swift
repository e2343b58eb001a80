import ProtoWire
import Testing

@testable import protowire_conformance

/// Cases of the kinds that the conformance runner has for JSON.
@Suite struct JSONTests {
  private static let proto3 = "proto3.TestAllTypesProto3"
  private static let modern = "editions.proto3.TestAllTypesProto3"
  private static let proto2 = "proto2.TestAllTypesProto2"

  private func answer(
    _ text: String, _ type: String, _ format: WireFormat = .json, ignoringUnknown: Bool = false
  ) throws -> ConformanceResponse.OneOf_Result? {
    let testee = try TesteeProcess()
    let result = try testee.answer {
      $0.messageType = "protobuf_test_messages." + type
      $0.jsonPayload = text
      $0.requestedOutputFormat = format
      $0.testCategory = ignoringUnknown ? .jsonIgnoreUnknownParsingTest : .jsonTest
    }
    #expect(try testee.finish() == ([], 0))
    return result
  }

  /// What the first becomes, when it is read and printed.
  @Test(arguments: [
    (#"{"optionalInt32": 1}"#, #"{"optionalInt32":1}"#),
    (#"{"optional_int32": "-7", "optionalInt64": 5}"#, #"{"optionalInt32":-7,"optionalInt64":"5"}"#),
    (#"{"optionalUint64": "18446744073709551615"}"#, #"{"optionalUint64":"18446744073709551615"}"#),
    (#"{"optionalInt32": 1e2, "optionalFloat": "NaN"}"#, #"{"optionalInt32":100,"optionalFloat":"NaN"}"#),
    (#"{"optionalDouble": "-Infinity"}"#, #"{"optionalDouble":"-Infinity"}"#),
    (#"{"optionalBytes": "-_"}"#, #"{"optionalBytes":"+w=="}"#),
    (#"{"optionalString": "\ud83d\ude01 \u0000"}"#, "{\"optionalString\":\"\u{1f601} \\u0000\"}"),
    (#"{"optionalNestedEnum": "BAR"}"#, #"{"optionalNestedEnum":"BAR"}"#),
    (#"{"optionalNestedEnum": 77}"#, #"{"optionalNestedEnum":77}"#),
    (#"{"optionalAliasedEnum": "bAz"}"#, #"{"optionalAliasedEnum":"ALIAS_BAZ"}"#),
    (#"{"optionalInt32": null, "repeatedInt32": null}"#, "{}"),
    (
      #"{"mapStringString": {"a": "b"}, "mapBoolBool": {"true": false}}"#,
      #"{"mapBoolBool":{"true":false},"mapStringString":{"a":"b"}}"#
    ),
    (#"{"oneofNullValue": null}"#, #"{"oneofNullValue":null}"#),
    (#"{"optionalDuration": "1.5s"}"#, #"{"optionalDuration":"1.500s"}"#),
    (#"{"optionalTimestamp": "1970-01-01T01:00:00.01+01:00"}"#, #"{"optionalTimestamp":"1970-01-01T00:00:00.010Z"}"#),
    (#"{"optionalFieldMask": "fooBar,baz"}"#, #"{"optionalFieldMask":"fooBar,baz"}"#),
    (#"{"optionalStruct": {"a": [1, null, "x", {}]}}"#, #"{"optionalStruct":{"a":[1,null,"x",{}]}}"#),
    (
      #"{"optionalInt64Wrapper": "3", "optionalBoolWrapper": false}"#,
      #"{"optionalBoolWrapper":false,"optionalInt64Wrapper":"3"}"#
    ),
    (
      #"{"optionalAny": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "2s"}}"#,
      #"{"optionalAny":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"2s"}}"#
    ),
  ])
  func readAndPrinted(text: String, expected: String) throws {
    for type in [Self.proto3, Self.modern] { #expect(try answer(text, type) == .jsonPayload(expected), "\(type)") }
  }

  @Test(arguments: [
    "", "null", "[]", "{", #"{"optionalInt32": 1,}"#, #"{'optionalInt32': 1}"#, #"{"optionalInt32": 2147483648}"#,
    #"{"optionalInt32": 0.5}"#, #"{"optionalInt32": 1, "optional_int32": 2}"#, #"{"optionalBool": "true"}"#,
    #"{"optionalNestedEnum": "NOBODY"}"#, #"{"nobody": 1}"#, #"{"optionalString": "\ud800"}"#,
    #"{"optionalBytes": "*"}"#,
    #"{"repeatedInt32": [null]}"#, #"{"mapBoolBool": {"yes": true}}"#, #"{"oneofUint32": 1, "oneofString": "a"}"#,
    #"{"optionalTimestamp": "10000-01-01T00:00:00Z"}"#, #"{"optionalDuration": "1"}"#, #"{"optionalInt32": 1} x"#,
  ])
  func refused(text: String) throws {
    guard case .parseError(let reason) = try answer(text, Self.proto3) else { throw Unexpected(nil) }
    #expect(!reason.isEmpty)
  }

  @Test func unknownNamesAreSkippedOnRequest() throws {
    let text = #"{"nobody": [1, {"a": null}], "optionalInt32": 3, "optionalNestedEnum": "NOBODY"}"#
    #expect(try answer(text, Self.proto3, .protobuf, ignoringUnknown: true) == .protobufPayload([0x08, 3]))
  }

  @Test func extensionsHaveNamesInBrackets() throws {
    let text = #"{"[protobuf_test_messages.proto2.extension_int32]":1}"#
    #expect(try answer(text, Self.proto2, .protobuf) == .protobufPayload([0xc0, 0x07, 1]))
    #expect(try answer(text, Self.proto2) == .jsonPayload(text))
  }

  @Test func messagesInMapsAreNeverDelimitedByTags() throws {
    let text = #"{"mapStringNestedMessage":{"a":{"a":87}},"groupliketype":{"groupInt32":1}}"#
    #expect(try answer(text, "editions.TestAllTypesEdition2023") == .jsonPayload(text))
  }

  @Test func whatHasNoJSONIsASerializeError() throws {
    let testee = try TesteeProcess()
    // A Timestamp a second after the year 9999, in optional_timestamp.
    let timestamp = Google_Protobuf_Timestamp.with { $0.seconds = 253_402_300_800 }
    let result = try testee.answer {
      $0.messageType = "protobuf_test_messages." + Self.proto3
      $0.protobufPayload = ProtobufTestMessages_Proto3_TestAllTypesProto3.with { $0.optionalTimestamp = timestamp }
        .wireBytes()
      $0.requestedOutputFormat = .json
    }
    guard case .serializeError = result else { throw Unexpected(result) }
    #expect(try testee.finish() == ([], 0))
  }
}
