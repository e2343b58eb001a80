import ProtoWire
import TestMessages
import TestSupport
import Testing

@Suite struct JSONScalarTests {
  @Test(arguments: [
    "{}",
    #"{"double":1.5,"float":-0.25,"int32":-2147483648,"int64":"-9223372036854775808","uint32":4294967295}"#,
    #"{"uint64":"18446744073709551615","sint32":-1,"sint64":"9223372036854775807","fixed32":7,"fixed64":"8"}"#,
    #"{"sfixed32":-7,"sfixed64":"-8","bool":true,"string":"a\"b\\c\n\u0001ä😀","bytes":"AP/+","color":"COLOR_BLUE"}"#,
    #"{"double":"NaN","float":"-Infinity"}"#, #"{"double":"Infinity"}"#, #"{"double":-0.0}"#,
    #"{"double":1e+300,"float":3.4028235e+38}"#, #"{"double":5e-324}"#, #"{"double":0.1,"float":0.1}"#,
    #"{"color":7}"#,
    #"{"doubles":[1,"NaN",-2.5],"int64s":["1","-1"],"strings":["","x"],"colors":["COLOR_RED",9],"bools":[true,false]}"#,
    #"{"byteStrings":["","AA=="],"children":[{},{"int32":1}],"unpacked":[1,2],"unpackedFixed":[3]}"#,
    #"{"optionalInt32":0,"optionalString":"","optionalBytes":"","optionalColor":"COLOR_UNSPECIFIED","optionalBool":false}"#,
    #"{"stringMap":{"a":"1","":"x"},"intMap":{"-5":"6"},"boolMap":{"true":"AA=="},"sintMap":{"-1":0.5}}"#,
    #"{"colorMap":{"4294967295":"COLOR_RED"},"messageMap":{"m":{"bool":true}}}"#,
    #"{"chosenInt":0}"#, #"{"chosenMessage":{}}"#, #"{"chosenBytes":""}"#,
    #"{"child":{"child":{"child":{"int32":1}}}}"#,
    #"{"large":1,"larger":2,"largest":3}"#,
  ])
  func whatIsPrintedIsReadAgain(text: String) throws {
    #expect(try JSON.canonical(text) == text)
  }

  @Test(arguments: [
    // Numbers in strings, in other notations, with zeros that say nothing.
    (
      #"{"int32":"42","int64":42,"uint64":1e3,"double":"1.25"}"#,
      #"{"int32":42,"int64":"42","uint64":"1000","double":1.25}"#
    ),
    (
      #"{"int32":1.000,"sint32":-12e1,"uint32":1200e-2,"fixed32":0.1e1}"#,
      #"{"int32":1,"sint32":-120,"uint32":12,"fixed32":1}"#
    ),
    (#"{"int64":1.00000000000000000000000000,"int32":0e99999999999999999999}"#, #"{"int64":"1"}"#),
    (#"{"double":1e-400,"float":1e-60,"int32":-0}"#, "{}"),
    (#"{"double":123456789012345678901234567890}"#, #"{"double":1.2345678901234568e+29}"#),
    (#"{"double":9007199254740993,"float":16777217}"#, #"{"double":9007199254740992.0,"float":16777216.0}"#),
    (#"{"int32":"\u0031\u0032"}"#, #"{"int32":12}"#),
    // Names as in the .proto, and keys with escapes.
    (#"{"byte_strings":[],"optional_int32":1,"\u0069nt32":2}"#, #"{"optionalInt32":1,"int32":2}"#),
    // Enum values by number, base64 of either alphabet.
    (#"{"color":1,"colors":[0,-2]}"#, #"{"color":"COLOR_RED","colors":["COLOR_UNSPECIFIED","COLOR_BLUE"]}"#),
    (#"{"bytes":"__79"}"#, #"{"bytes":"//79"}"#), (#"{"bytes":"AA"}"#, #"{"bytes":"AA=="}"#),
    // Null is absence.
    (
      #"{"int32":null,"doubles":null,"stringMap":null,"child":null,"chosenInt":null,"chosenString":"s"}"#,
      #"{"chosenString":"s"}"#
    ),
    // White space, escapes, surrogate pairs.
    (
      " {\t\"string\" :\r\n\"\\/\\b\\f\\ud83d\\ude00\\u00e4\" , \"bools\" : [ true , false ] } ",
      #"{"string":"/\b\f😀ä","bools":[true,false]}"#
    ),
    // Of equal keys of a map the last wins.
    (#"{"stringMap":{"a":"1","a":"2"}}"#, #"{"stringMap":{"a":"2"}}"#),
    (#"{"intMap":{"1":"1","1e0":2}}"#, #"{"intMap":{"1":"2"}}"#),
  ])
  func whatIsReadIsPrintedCanonically(text: String, expected: String) throws {
    #expect(try JSON.canonical(text) == expected)
  }

  @Test(arguments: [
    (#"{"int32":2147483648}"#, JSONError.Code.outOfRange), (#"{"int32":1.5}"#, .outOfRange),
    (#"{"uint32":-1}"#, .outOfRange),
    (#"{"uint64":18446744073709551616}"#, .outOfRange), (#"{"int64":"1e99"}"#, .outOfRange),
    (#"{"int64":1e-1}"#, .outOfRange),
    (#"{"double":1e309}"#, .outOfRange), (#"{"float":3.5e38}"#, .outOfRange), (#"{"color":2147483648}"#, .outOfRange),
    (#"{"int32":" 1"}"#, .invalidValue), (#"{"int32":""}"#, .invalidValue), (#"{"int32":"1a"}"#, .invalidValue),
    (#"{"int32":"+1"}"#, .invalidValue), (#"{"int32":true}"#, .invalidValue), (#"{"int32":[]}"#, .invalidValue),
    (#"{"double":"nan"}"#, .invalidValue), (#"{"double":"1_0"}"#, .invalidValue), (#"{"bool":"true"}"#, .invalidValue),
    (#"{"bool":1}"#, .invalidValue), (#"{"string":1}"#, .invalidValue), (#"{"bytes":"A"}"#, .invalidValue),
    (#"{"bytes":"A*=="}"#, .invalidValue), (#"{"bytes":"A==="}"#, .invalidValue), (#"{"doubles":{}}"#, .invalidValue),
    (#"{"stringMap":[]}"#, .invalidValue), (#"{"intMap":{"x":1}}"#, .invalidValue),
    (#"{"boolMap":{"TRUE":""}}"#, .invalidValue),
    (#"{"strings":[null]}"#, .invalidValue), (#"{"stringMap":{"a":null}}"#, .invalidValue),
    (#"{"child":1}"#, .invalidValue),
    (#"{"color":"color_red"}"#, .unknownField), (#"{"nothing":1}"#, .unknownField), (#"{"Int32":1}"#, .unknownField),
    (#"{"int32":1,"int32":2}"#, .duplicateField), (#"{"optionalInt32":1,"optional_int32":2}"#, .duplicateField),
    (#"{"chosenInt":1,"chosenString":""}"#, .duplicateField),
  ])
  func valuesOfTheWrongKindAreRefused(text: String, code: JSONError.Code) throws {
    #expect(try JSON.refusal(text).code == code)
  }

  @Test(arguments: [
    "", " ", "{", "}", "{}x", "{}{}", "{,}", #"{"int32":1,}"#, #"{"int32" 1}"#, #"{int32:1}"#, #"{'int32':1}"#,
    #"{"int32":}"#,
    #"{"int32":01}"#, #"{"int32":+1}"#, #"{"int32":.5}"#, #"{"int32":1.}"#, #"{"int32":1e}"#, #"{"int32":-}"#,
    #"{"int32":1x}"#,
    #"{"double":NaN}"#, #"{"double":Infinity}"#, #"{"bool":tru}"#, #"{"bool":trueish}"#, #"{"bool":nul}"#,
    #"{"string":"}"#, #"{"string":"\x"}"#, #"{"string":"\u12"}"#, #"{"string":"\u12g4"}"#, "{\"string\":\"a\nb\"}",
    #"{"string":"\ud83d"}"#, #"{"string":"\ud83dx"}"#, #"{"string":"\ude00\ud83d"}"#, #"{"string":"\ud83d\u0061"}"#,
    #"{"strings":["a" "b"]}"#, #"{"strings":["a",]}"#, #"{"strings":[,"a"]}"#, #"{"strings":["a"}"#, "{}//",
    "\u{feff}{}",
    "{\u{a0}}", #"{"string":"\"#, "{\"string\":\"a\u{0}\"}",
  ])
  func whatIsNotJSONIsRefused(text: String) throws {
    #expect(try JSON.refusal(text).code == .syntax)
    #expect(
      try JSON.refusal(#"{"ignored":"# + (text.isEmpty ? "{" : text)) { $0.ignoresUnknownFields = true }.code == .syntax
    )
  }

  @Test(arguments: [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]] as [[UInt8]])
  func whatIsNotUTF8IsRefusedBothWays(bytes: [UInt8]) throws {
    let transcoder = try JSON.transcoder()
    let text = Array(#"{"string":""#.utf8) + bytes + Array(#""}"#.utf8)
    let reading = #expect(throws: JSONError.self) {
      try transcoder.wire(fromJSON: text, messageName: "everything.Everything")
    }
    #expect(reading?.code == .syntax)
    let printing = #expect(throws: JSONError.self) {
      try transcoder.json(fromWire: delimited(14, bytes), messageName: "everything.Everything")
    }
    #expect(printing?.code == .wire)
  }

  /// The nearest number, as Swift itself finds it.
  @Test func numbersAreRoundedOnce() throws {
    var random = SeededGenerator(seed: 5)
    func digits() -> String {
      // Of any length, short of those that no longer fit in 64 bits and beyond.
      String((UInt64.random(in: .min ... .max, using: &random) >> Int.random(in: 0..<64, using: &random)))
        + ["", "", "", "0", "5", "000001"].randomElement(using: &random)!
    }
    var texts = [
      "0", "-0", "0.0", "-0.00", "9007199254740993.0", "1.00000005960464477539", "16777217.0", "4503599627370497.5",
    ]
    for _ in 0..<3000 {
      let whole = digits()
      let place = Int.random(in: 0...whole.count, using: &random)
      let fraction = String(repeating: "0", count: Int.random(in: 0..<12, using: &random)) + whole.dropFirst(place)
      let sign = Bool.random(using: &random) ? "-" : ""
      let integer = place == 0 || whole.first == "0" ? "0" : String(whole.prefix(place))
      let power = Bool.random(using: &random) ? "" : "e\(Int.random(in: -40...8, using: &random))"
      texts.append(sign + integer + (fraction.isEmpty ? "" : "." + fraction) + power)
    }
    // Halfway between two numbers, and just beside that.
    for _ in 0..<500 {
      let odd = UInt64.random(in: 1 << 53..<1 << 54, using: &random) | 1
      texts += ["\(odd)", "\(odd).0", "\(odd).001", "\(odd - 1).999", "\(odd / 2).5"]
    }
    for text in texts {
      let wire = try JSON.transcoder().wire(
        fromJSON: Array(#"{"doubles":[\#(text)],"floats":[\#(text)]}"#.utf8), messageName: Everything.messageName)
      let message = try Everything(wireBytes: wire)
      #expect(message.doubles.first?.bitPattern == Double(text)?.bitPattern, "\(text)")
      #expect(message.floats.first?.bitPattern == Float(text)?.bitPattern, "\(text)")
    }
  }
}
