import ProtoWire
import TestMessages
import Testing

@Suite struct JSONWellKnownTests {
  private let name = "wellknown.WellKnown"

  @Test(arguments: [
    #"{"duration":"0s"}"#, #"{"duration":"-1.500s"}"#, #"{"duration":"-0.000000001s"}"#,
    #"{"duration":"315576000000s"}"#,
    #"{"time":"1970-01-01T00:00:00Z"}"#, #"{"time":"0001-01-01T00:00:00Z"}"#,
    #"{"time":"9999-12-31T23:59:59.999999999Z"}"#,
    #"{"time":"2024-02-29T12:34:56.789Z"}"#, #"{"time":"1969-12-31T23:59:59.000001Z"}"#,
    #"{"time":"1900-03-01T00:00:00Z"}"#,
    #"{"mask":""}"#, #"{"mask":"user.displayName,email,a1"}"#, #"{"empty":{}}"#,
    #"{"struct":{}}"#, #"{"struct":{"a":null,"b":[1,"x",{"c":true}],"":{}}}"#,
    #"{"value":null}"#, #"{"value":1.5}"#, #"{"value":"s"}"#, #"{"value":false}"#, #"{"value":{"a":1}}"#,
    #"{"value":[[],{}]}"#,
    #"{"list":[]}"#, #"{"list":[null,[1]]}"#, #"{"values":[null,1,"x"]}"#, #"{"valueMap":{"a":null,"b":2}}"#,
    #"{"double":0,"float":1.5,"int64":"0","uint64":"7","int32":0,"uint32":1,"bool":false,"string":"","bytes":""}"#,
    #"{"double":"NaN","float":"Infinity"}"#,
    #"{"chosenNull":null}"#, #"{"chosenValue":null}"#, #"{"chosenInt":3}"#, #"{"@renamed":1}"#,
    #"{"any":{}}"#, #"{"any":{"@type":"type.googleapis.com/everything.Everything","int32":1}}"#,
    #"{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}"#,
    #"{"any":{"@type":"x/google.protobuf.Any","value":{"@type":"y/google.protobuf.Int64Value","value":"5"}}}"#,
    #"{"any":{"@type":"x/google.protobuf.Empty"}}"#, #"{"any":{"@type":"x/google.protobuf.Value","value":null}}"#,
    #"{"anys":[{"@type":"a/wellknown.WellKnown","time":"1970-01-01T00:00:01Z","anys":[{}]}]}"#,
  ])
  func whatIsPrintedIsReadAgain(text: String) throws {
    #expect(try JSON.canonical(text, as: name) == text)
  }

  @Test(arguments: [
    (#"{"time":"1970-01-01T02:00:00+01:30"}"#, #"{"time":"1970-01-01T00:30:00Z"}"#),
    (#"{"time":"1969-12-31T23:00:00.5-01:00"}"#, #"{"time":"1970-01-01T00:00:00.500Z"}"#),
    (#"{"duration":"1.0s"}"#, #"{"duration":"1s"}"#), (#"{"duration":"0.1234s"}"#, #"{"duration":"0.123400s"}"#),
    (#"{"null":null}"#, "{}"), (#"{"null":"NULL_VALUE"}"#, "{}"), (#"{"values":null,"time":null,"double":null}"#, "{}"),
    (
      #"{"any":{"int32":1,"nothing":[{}],"\u0040type":"x/everything.Everything"}}"#,
      #"{"any":{"@type":"x/everything.Everything","int32":1}}"#
    ),
    (
      #"{"any":{"value":"1s","@type":"x/google.protobuf.Duration"}}"#,
      #"{"any":{"@type":"x/google.protobuf.Duration","value":"1s"}}"#
    ),
    (#"{"chosenNull":"NULL_VALUE"}"#, #"{"chosenNull":null}"#),
  ])
  func whatIsReadIsPrintedCanonically(text: String, expected: String) throws {
    #expect(try JSON.canonical(text, as: name) { $0.ignoresUnknownFields = true } == expected)
  }

  @Test(arguments: [
    #"{"time":"0000-12-31T23:59:59Z"}"#, #"{"time":"0001-01-01T00:00:00+01:00"}"#, #"{"time":"2023-02-29T00:00:00Z"}"#,
    #"{"time":"2023-01-01t00:00:00Z"}"#, #"{"time":"2023-01-01T00:00:00z"}"#, #"{"time":"2023-01-01T00:00:00"}"#,
    #"{"time":"2023-01-01T24:00:00Z"}"#, #"{"time":"2023-01-01T00:00:60Z"}"#, #"{"time":"2023-13-01T00:00:00Z"}"#,
    #"{"time":"2023-01-01T00:00:00.Z"}"#, #"{"time":"2023-01-01T00:00:00.1234567890Z"}"#,
    #"{"time":"2023-1-01T00:00:00Z"}"#,
    #"{"time":"2023-01-01 00:00:00Z"}"#, #"{"time":""}"#, #"{"time":1}"#, #"{"time":"2023-01-01T00:00:00Z "}"#,
    #"{"duration":"1"}"#, #"{"duration":"s"}"#, #"{"duration":"315576000001s"}"#, #"{"duration":"--1s"}"#,
    #"{"duration":"1.s"}"#,
    #"{"duration":"+1s"}"#, #"{"duration":"9999999999999s"}"#, #"{"duration":"1.0000000000s"}"#,
    #"{"mask":"a_b"}"#, #"{"mask":"a,"}"#, #"{"mask":"a b"}"#, #"{"mask":["a"]}"#, #"{"struct":[]}"#, #"{"list":{}}"#,
    #"{"any":{"int32":1}}"#, #"{"any":{"@type":""}}"#, #"{"any":{"@type":"everything.Everything"}}"#,
    #"{"any":{"@type":"x/no.Such"}}"#, #"{"any":{"@type":1}}"#, #"{"any":{"@type":"x/google.protobuf.Duration"}}"#,
    #"{"any":{"@type":"x/google.protobuf.Duration","value":"1s","more":1}}"#,
    #"{"any":{"@type":"x/google.protobuf.Duration","@type":"x/google.protobuf.Duration","value":"1s"}}"#,
    #"{"any":{"@type":"x/google.protobuf.Duration","value":"1s","value":"1s"}}"#,
    #"{"value":NaN}"#, #"{"value":1e999}"#, #"{"values":1}"#, #"{"times":[null]}"#,
    #"{"chosenNull":null,"chosenInt":1}"#,
  ])
  func whatIsNotOneOfThemIsRefused(text: String) throws {
    _ = try JSON.refusal(text, as: name)
  }

  @Test func whatHasNoJSONIsNotPrinted() throws {
    let messages: [WellKnown] = [
      .with { $0.time = .with { $0.seconds = 253_402_300_800 } }, .with { $0.time = .with { $0.nanos = -1 } },
      .with { $0.time = .with { $0.nanos = 1_000_000_000 } }, .with { $0.time = .with { $0.seconds = .min } },
      .with { $0.duration = .with { $0.seconds = .max } }, .with { $0.duration = .with { $0.nanos = .min } },
      .with {
        $0.duration = .with {
          $0.seconds = 1; $0.nanos = -1
        }
      }, .with { $0.mask = .with { $0.paths = ["fooBar"] } },
      .with { $0.mask = .with { $0.paths = ["foo__bar"] } }, .with { $0.mask = .with { $0.paths = ["foo_"] } },
      .with { $0.mask = .with { $0.paths = ["foo_3"] } }, .with { $0.mask = .with { $0.paths = [""] } },
      .with { $0.mask = .with { $0.paths = ["a", ""] } }, .with { $0.value = .init() },
      .with { $0.value = .with { $0.kind = .numberValue(.nan) } },
      .with { $0.value = .with { $0.kind = .numberValue(.infinity) } },
      .with { $0.any = .with { $0.typeURL = "x/no.Such" } }, .with { $0.any = .with { $0.value = [0] } },
      .with {
        $0.any = .with {
          $0.typeURL = "x/everything.Everything"; $0.value = [0xff]
        }
      },
    ]
    let transcoder = try JSON.transcoder()
    for message in messages {
      #expect(throws: JSONError.self, "\(message)") { try message.json(transcoder) }
    }
  }
}
