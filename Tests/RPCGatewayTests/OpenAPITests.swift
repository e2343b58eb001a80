import ProtoWire
import RPCCore
import Testing

@testable import RPCGateway

@Suite struct OpenAPITests {
  private func document(access: ((MethodDescriptor) -> OpenAPIDocument.Access)? = nil) throws -> JSONValue {
    DocumentBuilder(
      try JSONGateway(services: [LibraryService()]), .init(title: "Library", version: "1"), .library, access
    ).document()
  }

  @Test func operationsAndParameters() throws {
    let paths = try #require(try document()["paths"])
    let find = try #require(paths["/v1/books"]?["get"])
    #expect(find["operationId"] == "Library_FindBooks" && find["summary"] == "Finds books")
    guard case .array(let parameters) = find["parameters"] else { throw GatewayError("no parameters") }
    let names = parameters.compactMap { $0["name"] }
    #expect(names.prefix(4) == ["author.name", "author.born", "tags", "genres"] && names.contains("pageSize"))
    // What has no text is none, and neither is what OpenAPI has no method for.
    #expect(!names.contains("extra") && !names.contains("any") && paths["/v1/books"]?["purge"] == nil)
    #expect(parameters.first { $0["name"] == "counts" }?["style"] == "deepObject")
    let parts = paths["/v1/shelves/{name_shelves}/books/{name_books}"]
    #expect(parts?["get"] != nil && parts?["patch"] != nil)
    #expect(paths["/v1/books/{isbn}"]?["get"]?["operationId"] == "Library_GetBook_2")
    #expect(paths["/v1/books/{isbn}:move"]?["post"] != nil && paths["/v1/files/{name}"] != nil)
  }

  @Test func bodiesAndResponses() throws {
    let document = try document()
    func schema(_ path: String, _ method: String, _ part: String) -> JSONValue? {
      let operation = document["paths"]?[path]?[method]
      let content = part == "body" ? operation?["requestBody"] : operation?["responses"]?["200"]
      return content?["content"]?["application/json"]?["schema"]
    }
    #expect(schema("/v1/shelves/{shelf}/books", "post", "body") == .reference("BookInput"))
    #expect(schema("/v1/shelves/{shelf}/books", "post", "200") == .reference("Book"))
    let parts = "/v1/shelves/{name_shelves}/books/{name_books}"
    #expect(schema(parts, "patch", "body") == .reference("BookPatch"))
    #expect(schema("/v1/books", "get", "200")?["items"] == .reference("Book"))
    let moved = try #require(schema("/v1/books/{isbn}:move", "post", "body"))
    #expect(moved["properties"]?["isbn"] == nil && moved["properties"]?["to"] != nil)
    let read = document["paths"]?["/v1/books/{isbn}:read"]?["get"]?["responses"]?["200"]?["content"]
    #expect(read?["application/x-ndjson"]?["x-itemSchema"] == .reference("Page") && read?["text/event-stream"] != nil)
  }

  @Test func schemasSayWhatJSONIs() throws {
    let schemas = try #require(try document()["components"]?["schemas"])
    let book = try #require(schemas["Book"])
    #expect(book["description"] == "A book." && book["properties"]?["title"]?["description"] == "Its title.")
    #expect(book["properties"]?["pages"]?["type"] == "string" && book["properties"]?["stored"]?["readOnly"] == true)
    #expect(book["additionalProperties"] == nil && book["required"] == nil)
    guard case .array(let rules) = book["allOf"], case .array(let choices) = rules.first?["oneOf"] else {
      throw GatewayError("no oneof")
    }
    #expect(rules.count == 1 && choices.count == 3 && choices.first?["required"] == ["room"])
    let input = try #require(schemas["BookInput"])
    #expect(input["additionalProperties"] == false && input["required"] == ["title"])
    // ProtoJSON takes null for a field that is not set.
    #expect(input["properties"]?["pages"]?["type"] == ["string", "null"])
    #expect(input["properties"]?["title"]?["type"] == "string")
    #expect(input["properties"]?["stored"] == nil && input["properties"]?["name"] == nil)
    #expect(schemas["BookPatch"]?["required"] == nil)
    #expect(schemas["BookPatch"]?["properties"]?["title"]?["type"] == ["string", "null"])
    #expect(schemas["Genre"]?["enum"] == ["GENRE_UNSPECIFIED", "GENRE_FICTION", "GENRE_SCIENCE"])
    // What nobody refers to is left out.
    #expect(schemas["FindBooksRequest"] == nil && schemas["HttpRule"] == nil && schemas["Error"] != nil)
  }

  @Test func accessIsSaidForEachOperation() throws {
    let open = try document()
    #expect(open["components"]?["securitySchemes"] == nil && open["paths"]?["/v1/books"]?["get"]?["security"] == nil)
    let guarded = try document { method in
      method.name == "FindBooks" ? .everybody : .bearer(scopes: method.name == "AddBook" ? ["write", "admin"] : [])
    }
    let paths = guarded["paths"]
    #expect(paths?["/v1/books"]?["get"]?["security"] == .array([]))
    #expect(paths?["/v1/books/{isbn}"]?["get"]?["security"] == [.object(["bearer": .array([])])])
    let add = paths?["/v1/shelves/{shelf}/books"]?["post"]
    #expect(add?["security"] == [.object(["bearer": ["write"]]), .object(["bearer": ["admin"]])])
    #expect(add?["responses"]?["401"] != nil && paths?["/v1/books"]?["get"]?["responses"]?["401"] == nil)
  }

  @Test func errorsOfTheCommentAreResponses() {
    let list = ErrorResponses(
      """
      Changes it.

      NOT_FOUND if there is none or it is
      deleted, ABORTED if the etag no longer matches, ALREADY_EXISTS if the name is taken. Otherwise all is well.
      """, isGuarded: false)
    #expect(list.responses.map(\.name) == ["400", "404", "409"])
    #expect(list.responses[1].value["description"] == "NOT_FOUND if there is none or it is deleted.")
    #expect(
      list.responses[2].value["description"]
        == "ABORTED if the etag no longer matches.\n\nALREADY_EXISTS if the name is taken.")
  }

  @Test func yaml() {
    let value = JSONValue.object([
      "plain": "text", "empty": "", "yes": "no", "number": "12", "int": 12, "colon": "a: b",
      "lines": "one\n  two\n\nthree",
      "tail": "one\n", "none": .array([]), "nothing": .null, "unicode": "ü\u{85}",
      "list": ["a", .object(["b": 1, "c": ["d", .array([]), [1, 2]]]), true], "/v1/{id}": .object([JSONValue.Member]()),
    ])
    #expect(
      value.yaml == """
        plain: text
        empty: ""
        "yes": "no"
        number: "12"
        int: 12
        colon: "a: b"
        lines: |-
          one
            two

          three
        tail: "one\\n"
        none: []
        nothing: null
        unicode: "ü\\u0085"
        list:
          - a
          - b: 1
            c:
              - d
              - []
              -
                - 1
                - 2
          - true
        "/v1/{id}": {}

        """)
  }
}
