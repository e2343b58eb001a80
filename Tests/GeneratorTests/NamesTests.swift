import Testing

@testable import protoc_gen_protowire

@Suite struct NamesTests {
  @Test(arguments: [
    ("id", "id"), ("user_id", "userID"), ("next_page_token", "nextPageToken"), ("base_url", "baseURL"), ("http_status", "httpStatus"),
    ("fooBar", "fooBar"), ("FOO_BAR", "fooBar"), ("_x", "x"), ("a__b", "aB"), ("Foo", "foo"), ("x1_2", "x12"), ("_1", "_1"), ("_", "_"),
  ])
  func lowerCamelCase(name: String, expected: String) {
    #expect(Names.lowerCamelCase(name) == expected)
  }

  @Test(arguments: [
    ("google.protobuf", nil, "Google_Protobuf_"), ("users.v1", nil, "Users_V1_"), ("foo_bar.baz", nil, "FooBar_Baz_"), ("", nil, ""),
    ("users.v1", "", ""), ("users.v1", "U", "U"),
  ] as [(String, String?, String)])
  func typePrefix(package: String, swiftPrefix: String?, expected: String) {
    #expect(Names.typePrefix(package: package, swiftPrefix: swiftPrefix) == expected)
  }

  @Test func cases() {
    #expect(Names.cases(of: ["STATE_UNSPECIFIED", "STATE_ACTIVE"], in: "State") == ["unspecified", "active"])
    #expect(Names.cases(of: ["UNKNOWN", "NOT_SERVING"], in: "ServingStatus") == ["unknown", "notServing"])
    #expect(Names.cases(of: ["EDITION_2023", "EDITION_MAX"], in: "Edition") == ["edition2023", "max"])
    #expect(Names.cases(of: ["KIND_A", "A"], in: "Kind") == ["kindA", "a"])
    #expect(Names.cases(of: ["JS_NORMAL"], in: "JSType") == ["jsNormal"])
  }

  @Test func files() {
    #expect(Names.file("users/v1/users.proto") == "users_v1_users")
    #expect(Names.file("1.proto") == "_1")
  }
}
