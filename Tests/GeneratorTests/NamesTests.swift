import Testing

@testable import protoc_gen_protowire

@Suite struct NamesTests {
  @Test(arguments: [
    ("id", "id"), ("user_id", "userID"), ("next_page_token", "nextPageToken"), ("base_url", "baseURL"),
    ("http_status", "httpStatus"),
    ("fooBar", "fooBar"), ("FOO_BAR", "fooBar"), ("_x", "x"), ("a__b", "aB"), ("Foo", "foo"), ("x1_2", "x12"),
    ("_1", "_1"), ("_", "_"),
  ])
  func lowerCamelCase(name: String, expected: String) {
    #expect(Names.lowerCamelCase(name) == expected)
  }

  @Test(
    arguments: [
      ("google.protobuf", nil, "Google_Protobuf_"), ("users.v1", nil, "Users_V1_"), ("foo_bar.baz", nil, "FooBar_Baz_"),
      ("", nil, ""),
      ("users.v1", "", ""), ("users.v1", "U", "U"),
    ] as [(String, String?, String)])
  func typePrefix(package: String, swiftPrefix: String?, expected: String) {
    #expect(Names.typePrefix(package: package, swiftPrefix: swiftPrefix) == expected)
  }

  private func cases(of names: [String], in name: String) -> [String] {
    Names.cases(of: names.enumerated().map { ($1, Int32($0)) }, in: name)
  }

  @Test func cases() {
    #expect(cases(of: ["STATE_UNSPECIFIED", "STATE_ACTIVE"], in: "State") == ["unspecified", "active"])
    #expect(cases(of: ["UNKNOWN", "NOT_SERVING"], in: "ServingStatus") == ["unknown", "notServing"])
    #expect(cases(of: ["EDITION_2023", "EDITION_MAX"], in: "Edition") == ["edition2023", "max"])
    #expect(cases(of: ["KIND_A", "A"], in: "Kind") == ["kindA", "a"])
    #expect(cases(of: ["JS_NORMAL"], in: "JSType") == ["jsNormal"])
  }

  @Test func casesThatBecomeTheSame() {
    #expect(cases(of: ["FOO_BAR", "fooBar", "Foo__bar"], in: "E") == ["fooBar_0", "fooBar_1", "fooBar_2"])
    #expect(Names.cases(of: [("MOO", 2), ("moo", 2), ("mOO", -2)], in: "E") == ["moo", "moo", "mOO"])
    #expect(Names.cases(of: [("MOO", 2), ("moo", -2)], in: "E") == ["moo_2", "moo_n2"])
    #expect(Names.cases(of: [("E_A", 1), ("A", 1), ("B", 2)], in: "E") == ["a", "a", "b"])
  }

  @Test func files() {
    #expect(Names.file("users/v1/users.proto") == "users_v1_users")
    #expect(Names.file("1.proto") == "_1")
    #expect(Names.descriptor(of: "users/v1/users.proto") == "users_v1_users")
    #expect(Names.descriptor(of: "default.proto") == "`default`")
    #expect(Names.descriptor(of: "self.proto") == "self_p")
  }

  @Test func typesOfAScope() {
    let suffixes = [String](repeating: "Message", count: 4)
    #expect(
      Names.types(["shape", "Shape", "Shape_", "SHAPE"], prefix: "", suffixes: suffixes) == [
        "Shape", "Shape_", "Shape__", "SHAPE",
      ])
    #expect(
      Names.types(["Any", "WireReader", "any", "x"], prefix: "", suffixes: suffixes) == [
        "AnyMessage", "WireReaderMessage", "AnyMessage_", "X",
      ])
    #expect(
      Names.types(["Any", "_", "any", "x"], prefix: "P_", suffixes: suffixes) == ["P_Any", "P__", "P_Any_", "P_X"])
  }
}
