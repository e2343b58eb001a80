import TestPeer
import Testing

/// From path, query and body to the message.
@Suite struct GatewayRequestTests {
  @Test func pathsGiveFields() async throws {
    try await servingLibrary { server in
      let book = try await server.send("GET", "/v1/shelves/1/books/2")
      #expect(book.status == 200 && book.field("content-type") == "application/json")
      #expect(book.text == #"{"name":"shelves/1/books/2","pages":"1152921504606846976","etag":"v1"}"#)
      #expect(try await server.send("GET", "/v1/books/a%2Fb%20c").text.contains(#""title":"a/b c""#))
      #expect(try await server.send("GET", "/v1/files/a%2Fb/c").text.contains(#""name":"a%2Fb/c""#))
      let added = try await server.send(
        "POST", "/v1/shelves/7/books?validateOnly=true", #"{"title":"T","quotes":[{}]}"#)
      #expect(added.text == #"{"title":"T","shelf":7,"remark":"only valid","quotes":[{}]}"#)
      let wrong = try await server.send("POST", "/v1/shelves/x/books", "{}")
      #expect(wrong.status == 400 && wrong.text.contains(#""field":"shelf""#))
    }
  }

  @Test func queriesGiveFieldsOfEveryKind() async throws {
    try await servingLibrary { server in
      let query = [
        "author.name=Ada+L", "author.born=1815", "tags=a", "tags=b%26c", "genres=GENRE_FICTION", "genres=2",
        "lent=true",
        "weight=1.5", "height=NaN", "pages=-9007199254740993", "number=18446744073709551615", "least=-1", "most=-2",
        "serial=3", "key=AQI%3D", "since=2020-01-02T03:04:05Z", "lentFor=1.5s", "fields=by_title,author.name",
        "title=", "edition=3", "bound=false", "counts%5Ba%5D=1", "counts[b]=2", "by_age=false", "page_size=0",
      ]
      let answer = try await server.send("GET", "/v1/books?" + query.joined(separator: "&"))
      // response_body: the books alone.
      #expect(answer.status == 200 && answer.text == #"[{"title":"a"},{"title":"b&c"}]"#)
      #expect(try await server.send("GET", "/v1/books").text == "[]")
    }
  }

  // Trap 38: what is not known is named.
  @Test(arguments: [
    ("nosuch=1", "nosuch"), ("author.nosuch=1", "author.nosuch"), ("author=1", "author"), ("tags.x=1", "tags.x"),
    ("lent=1", "lent"), ("lent=true&lent=true", "lent"), ("genres=GENRE_NONE", "genres[0]"), ("least=1.5", "least"),
    ("least=4294967296", "least"), ("since=yesterday", "since"), ("counts=1", "counts"),
    ("counts[a]=x", #"counts[\"a\"]"#),
    ("counts[a]=1&counts[a]=2", "counts[a]"), ("extra=1", "extra"), ("any=1", "any"), ("key=*", "key"),
    ("by_title=a&by_age=true", "byAge"), ("author..name=1", "author..name"),
  ])
  func parametersThatAreWrongAreNamed(query: String, field: String) async throws {
    try await servingLibrary { server in
      let answer = try await server.send("GET", "/v1/books?" + query)
      #expect(answer.status == 400 && answer.text.contains(#""status":"INVALID_ARGUMENT""#), "\(answer.text)")
      #expect(answer.text.contains(#""field":"\#(field)""#), "\(answer.text)")
    }
  }

  @Test func parametersOfPathAndBodyAreNone() async throws {
    try await servingLibrary { server in
      for (method, path) in [
        ("GET", "/v1/books/1?isbn=2"), ("POST", "/v1/shelves/1/books?book.title=x"), ("POST", "/v1/books/1:move?to=x"),
        ("POST", "/v1/shelves/1/books?shelf=2"), ("GET", "/v1/books?%ff=1"), ("GET", "/v1/books?a=%zz"),
      ] {
        let answer = try await server.send(method, path, method == "POST" ? "{}" : nil)
        #expect(answer.status == 400, "\(path): \(answer.text)")
      }
    }
  }

  /// A body may be left out. White space is one, and no JSON.
  @Test func whiteSpaceIsNoJSON() async throws {
    try await servingLibrary { server async throws in
      for body in ["\n", " ", "\r\n\t"] {
        for path in ["/v1/books/1:move", "/v1/shelves/1/books"] {
          #expect(try await server.send("POST", path, body).status == 400)
        }
      }
      #expect(try await server.send("POST", "/v1/books/1:move", "").status == 200)
    }
  }

  // Trap 38, in bodies.
  @Test(arguments: [
    (#"{"titel":"T"}"#, "book.titel", "there is no field book.titel (line 1, column 2)"),
    ("{\n  \"author\": {\"nam\": 1}}", "book.author.nam", "there is no field book.author.nam (line 2, column 14)"),
    (#"{"genre":"GENRE_NONE"}"#, "book.genre", "book.genre: there is no value GENRE_NONE"),
    (#"{"pages":"x"}"#, "book.pages", "book.pages: "),
    (#"{"title":7}"#, "book.title", "book.title: "), (#"{"title":"a","title":"b"}"#, "book.title", "book.title: "),
    (#"{"title":"a"} {}"#, "book", "book: "), ("[]", "book", "book: "), ("{", "book", "book: "),
    ("nonsense", "book", "book: "),
    (#"{}, "shelf": 9"#, "book", "book: "), ("{\"title\":\"\u{0}\"}", "book", ""),
  ])
  func bodiesThatAreWrongAreRefused(body: String, field: String, message: String) async throws {
    try await servingLibrary { server in
      let answer = try await server.send("POST", "/v1/shelves/1/books", body)
      #expect(answer.status == 400 && answer.text.contains(message), "\(answer.text)")
      #expect(answer.text.contains(#""field":"\#(field)"#), "\(answer.text)")
    }
  }

  @Test func bodiesOfOtherShapes() async throws {
    try await servingLibrary { server in
      let tags = try await server.send("PUT", "/v1/books/1/tags", #" ["a", "b"] "#)
      #expect(tags.text == #"{"isbn":"1","tags":["a","b"]}"#)
      for body in [#"["a"], "isbn": "2""#, #"["a"]} {"#, "[", #"{"a":1}"#, "7", "]["] {
        #expect(try await server.send("PUT", "/v1/books/1/tags", body).status == 400, "\(body)")
      }
      // The path has the last word.
      let moved = try await server.send("POST", "/v1/books/1:move", #"{"isbn":"2","to":"x"}"#)
      #expect(moved.text == #"{"isbn":"1","to":"x"}"#)
      // No body is an empty one; a method without one takes none.
      #expect(try await server.send("POST", "/v1/books/1:move").text == #"{"isbn":"1"}"#)
      #expect(try await server.send("GET", "/v1/books/1", "{}").status == 400)
      #expect(try await server.send("PURGE", "/v1/books").text == "{}")
    }
  }

  // Trap 39: the mask is what the body has.
  @Test(arguments: [
    (#"{"title":"T"}"#, #""updateMask":"title""#), (#"{"title":null,"tags":[]}"#, #""updateMask":"title,tags""#),
    (#"{"author":{"born":1},"counts":{"a":1}}"#, #""updateMask":"author.born,counts""#),
    (#"{"author":null}"#, #""updateMask":"author""#),
    (#"{"printed":"2020-01-01T00:00:00Z"}"#, #""updateMask":"printed""#),
    // What a client has read and sends back whole does not change what is the server's.
    (#"{"name":"x","title":"T","etag":"v1","stored":"2020-01-01T00:00:00Z"}"#, #""updateMask":"title""#),
    ("{}", #""updateMask":"""#), (#"{"t\u0069tle":"T"}"#, #""updateMask":"title""#),
  ])
  func theMaskIsWhatTheBodyHas(body: String, mask: String) async throws {
    try await servingLibrary { server in
      let answer = try await server.send("PATCH", "/v1/shelves/1/books/2", body)
      #expect(answer.status == 200 && answer.text.contains(mask), "\(answer.text)")
      #expect(answer.text.contains(#""name":"shelves/1/books/2""#))
    }
  }

  @Test func aMaskOfTheCallersIsTaken() async throws {
    try await servingLibrary { server in
      for name in ["updateMask", "update_mask"] {
        let answer = try await server.send("PATCH", "/v1/shelves/1/books/2?\(name)=author.born,tags", #"{"title":"T"}"#)
        #expect(answer.text.contains(#""updateMask":"author.born,tags""#), "\(answer.text)")
      }
    }
  }

  @Test func streamsOfRequestsAreLines() async throws {
    try await servingLibrary { server in
      for type in ["application/x-ndjson", "application/json; charset=utf-8"] {
        let answer = try await server.send(
          "POST", "/v1/books/7:write", "{\"text\":\"a\"}\n\n{\"text\":\"b\"}\r\n{}", type: type)
        #expect(answer.text == #"{"count":3,"text":"7a7b7"}"#, "\(answer.text)")
      }
      let pieces = ["{\"te", "xt\":\"a\"}", "\n{\"text\":\"b\"}\n"].map { Array($0.utf8) }
      let answer = try await server.send("POST", "/v1/books/7:write", bytes: pieces, type: "application/jsonl")
      #expect(answer.text == #"{"count":2,"text":"7a7b"}"#)
      let copied = try await server.send(
        "POST", "/v1/pages:copy", "{\"text\":\"a\"}\n{}\n", type: "application/x-ndjson")
      #expect(copied.text == "{\"text\":\"a\"}\n{}\n" && copied.field("content-type") == "application/x-ndjson")
      let wrong = try await server.send(
        "POST", "/v1/books/7:write", "{\"text\":\"a\"}\n{\"txet\":1}\n", type: "application/x-ndjson")
      #expect(wrong.status == 400 && wrong.text.contains("txet"))
    }
  }
}
