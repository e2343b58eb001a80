import Testing

@testable import RPCGateway

@Suite struct PathRouterTests {
  private static let rules = [
    ("GET", "/v1/users"), ("POST", "/v1/users"), ("GET", "/v1/users/{id}"), ("DELETE", "/v1/users/{id}"),
    ("POST", "/v1/users/{id}:undelete"), ("GET", "/v1/users:lookup"), ("GET", "/v1/{name=shelves/*/books/*}"),
    ("GET", "/v1/files/{name=**}"), ("POST", "/v1/files/{name=**}:copy"), ("POST", "/v1/users/me"),
    ("*", "/any/{x}/end"),
    ("GET", "/{a}/{b}/{c}"),
  ]

  private func match(_ method: String, _ path: String) throws -> PathRouter.Match {
    var router = PathRouter()
    for (method, path) in Self.rules { _ = try router.add(try PathTemplate(path), method: method) }
    return router.match(Array(path.utf8), method: method)
  }

  @Test(arguments: [
    ("GET", "/v1/users", 0, []), ("POST", "/v1/users", 1, []), ("GET", "/v1/users/7", 2, ["7"]),
    ("DELETE", "/v1/users/7", 3, ["7"]), ("POST", "/v1/users/7:undelete", 4, ["7"]), ("GET", "/v1/users:lookup", 5, []),
    ("GET", "/v1/shelves/1/books/2", 6, ["shelves/1/books/2"]), ("GET", "/v1/files", 7, [""]),
    ("GET", "/v1/files/a/b/c", 7, ["a/b/c"]), ("GET", "/v1/files/", 7, [""]),
    ("POST", "/v1/files/a/b:copy", 8, ["a/b"]), ("POST", "/v1/users/me", 9, []),
    // Another method of the same path is another template's.
    ("GET", "/v1/users/me", 2, ["me"]), ("BREW", "/any/tea/end", 10, ["tea"]),
    // A literal that leads nowhere is no dead end.
    ("GET", "/v1/users/x", 2, ["x"]), ("GET", "/v1/shelves/1", 11, ["v1", "shelves", "1"]),
  ])
  func paths(method: String, path: String, index: Int, values: [String]) throws {
    #expect(try match(method, path) == .found(index, values: values))
  }

  // Trap 40: what is encoded divides nothing.
  @Test func whatIsEncodedDividesNothing() throws {
    #expect(try match("GET", "/v1/users/a%2Fb") == .found(2, values: ["a/b"]))
    #expect(try match("GET", "/v1/users/a%3Aundelete") == .found(2, values: ["a:undelete"]))
    #expect(try match("POST", "/v1/users/a%2f:undelete") == .found(4, values: ["a/"]))
    // `{name=a/*}` never matches a decoded slash, and leaves it encoded in its value; `**` too.
    #expect(try match("GET", "/v1/shelves/1%2F3/books/2") == .found(6, values: ["shelves/1%2F3/books/2"]))
    #expect(try match("GET", "/v1/files/a%2Fb/%C3%A9") == .found(7, values: ["a%2Fb/é"]))
    #expect(try match("GET", "/v1%2Fusers") == .nothing)
    #expect(try match("GET", "/%76%31/users") == .found(0, values: []))
  }

  @Test func whatMatchesNothing() throws {
    for path in ["", "/", "/v1", "/v1/users/", "/v1/users/7/", "/v1//users", "/v1/users/7:other/x/y", "v1/users"] {
      #expect(try match("GET", path) == .nothing, "\(path)")
    }
    #expect(try match("PUT", "/v1/users") == .otherMethods(["GET", "POST"]))
    #expect(try match("GET", "/v1/users/7:undelete") == .otherMethods(["POST"]))
    #expect(try match("PUT", "/v1/users/me") == .otherMethods(["DELETE", "GET", "POST"]))
    // A colon that is no verb's belongs to the segment.
    #expect(try match("GET", "/v1/users/urn:x:7") == .found(2, values: ["urn:x:7"]))
    for path in ["/v1/users/%", "/v1/users/%4", "/v1/users/%zz", "/v1/users/%ff", "/v1/users/a:%f"] {
      #expect(try match("GET", path) == .malformed, "\(path)")
    }
  }

  @Test func twoOfTheSameAreRefused() throws {
    var router = PathRouter()
    _ = try router.add(try PathTemplate("/a/{b}"), method: "GET")
    #expect(throws: GatewayError.self) { try router.add(try PathTemplate("/a/{c}"), method: "GET") }
    #expect(throws: Never.self) { try router.add(try PathTemplate("/a/{c}"), method: "PUT") }
  }

  // What a search costs is bounded by the templates.
  @Test func longPathsCostLittle() throws {
    let path = String(repeating: "/v1", count: 5000) + "/users"
    #expect(try match("GET", path) == .nothing)
  }
}
