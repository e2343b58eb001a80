import Testing

@testable import PostgresUserStore

@Suite struct LabelsJSONTests {
  @Test(
    arguments: [
      [:], ["a": "b"], ["a": "b", "c": ""], ["q": "\"\\/\u{8}\u{c}\n\r\t\u{1}"], ["é": "安🦊"],
    ] as [[String: String]])
  func comesBack(labels: [String: String]) {
    #expect(LabelsJSON.decode(LabelsJSON.encode(labels)) == labels)
  }

  @Test(arguments: [
    ("{}", [:]), (" { } ", [:]), ("{\"a\": \"b\", \"c\": \"d\"}", ["a": "b", "c": "d"]),
    (#"{"a": "\u0041\u00e9\ud83e\udd8a\/\b\f\n\r\t"}"#, ["a": "Aé🦊/\u{8}\u{c}\n\r\t"]),
    (#"{"a\"b": ""}"#, ["a\"b": ""]),
  ])
  func reads(text: String, labels: [String: String]) {
    #expect(LabelsJSON.decode(text) == labels)
  }

  @Test(arguments: [
    "", "{", "}", "[]", "null", "{\"a\"}", "{\"a\":}", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":\"b\",}",
    "{\"a\":\"b\"} x", "{\"a\":\"b", "{a:\"b\"}", #"{"a":"\"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\ud83e"}"#,
    #"{"a":"\udd8a"}"#, #"{"a":"\ud83e\u0041"}"#, "{\"a\":\"\n\"}", #"{"a":"\u"#, #"{"a":"\ud83e\"#,
  ])
  func refuses(text: String) {
    #expect(LabelsJSON.decode(text) == nil)
  }
}
