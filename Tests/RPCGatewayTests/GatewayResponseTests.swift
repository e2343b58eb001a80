import Compression
import RPCCore
import RPCServer
import TestPeer
import Testing

/// Statuses, fields and bodies of responses.
@Suite struct GatewayResponseTests {
  // Trap 41: the gateway's own errors have the same form as those of handlers.
  @Test(arguments: [
    ("GET", "/", 404, "NOT_FOUND"), ("GET", "/v1/nothing", 404, "NOT_FOUND"), ("POST", "/v1/nothing", 404, "NOT_FOUND"),
    ("PUT", "/v1/books", 405, "UNIMPLEMENTED"), ("OPTIONS", "/v1/books", 405, "UNIMPLEMENTED"),
    ("GET", "/v1/books/%ff", 400, "INVALID_ARGUMENT"), ("GET", "/v1/books?x=1", 400, "INVALID_ARGUMENT"),
    ("GET", "/v1/books/none", 404, "NOT_FOUND"),
  ])
  func errorsHaveOneForm(method: String, path: String, status: Int, code: String) async throws {
    try await servingLibrary { server in
      let answer = try await server.send(method, path)
      #expect(answer.status == status && answer.field("content-type") == "application/json")
      #expect(answer.text.hasPrefix(#"{"error":{"code":\#(status),"message":""#), "\(answer.text)")
      #expect(
        answer.text.contains(#""status":"\#(code)""#) && answer.field("content-length") == "\(answer.bytes.count)")
    }
  }

  @Test func detailsAreJSON() async throws {
    try await servingLibrary({ $0.errorDomain = "library" }) { server in
      let answer = try await server.send("GET", "/v1/books/none")
      #expect(
        answer.text == #"{"error":{"code":404,"message":"there is no book \"none\"","status":"NOT_FOUND","details":["#
          + #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BOOK_NOT_FOUND","domain":"library","#
          + #""metadata":{"isbn":"none"}},{"@type":"type.googleapis.com/library.v1.Page","text":"own"}]}}"#)
      // The gateway's own have an ErrorInfo too.
      #expect(try await server.send("GET", "/nothing").text.contains(#""reason":"NOT_FOUND","domain":"library""#))
      let busy = try await server.send("GET", "/v1/books/busy")
      #expect(busy.status == 503 && busy.field("retry-after") == "2")
    }
  }

  /// One challenge: the service's own, if it has one.
  @Test(arguments: [("secret", "Bearer"), ("expired", #"Bearer error="invalid_token""#)])
  func aChallengeComesWith401(isbn: String, challenge: String) async throws {
    try await servingLibrary { server in
      let answer = try await server.send("GET", "/v1/books/\(isbn)")
      #expect(answer.status == 401)
      #expect(answer.frames[0].fields.filter { $0.name == "www-authenticate" }.map(\.value) == [challenge])
    }
  }

  @Test func methodsThatAPathTakesAreNamed() async throws {
    try await servingLibrary { server in
      let posted = try await server.send("POST", "/v1/books", "{}")
      #expect(posted.field("allow") == "GET, HEAD, PURGE")
      #expect(try await server.send("GET", "/v1/books/1:move").field("allow") == "POST")
    }
  }

  @Test func contentTypesAndEncodings() async throws {
    try await servingLibrary { server in
      let form = try await server.send("POST", "/v1/books/1:move", "a=b", type: "application/x-www-form-urlencoded")
      #expect(form.status == 415 && form.field("accept-post") == "application/json")
      #expect(form.text.contains("application/x-www-form-urlencoded"))
      let plain = try await server.send("PATCH", "/v1/shelves/1/books/2", "{}", type: "text/plain")
      #expect(plain.status == 415 && plain.field("accept-patch") == "application/json")
      #expect(
        try await server.send("POST", "/v1/books/1:move", "{}", type: "Application/JSON ; charset=utf-8").status == 200)
      let coded = try await server.send("POST", "/v1/books/1:move", "{}", [["content-encoding", "br"]])
      #expect(coded.status == 415)
      let gzip = try Self.gzip(#"{"to":"x"}"#)
      let unpacked = try await server.send("POST", "/v1/books/1:move", bytes: [gzip], [["content-encoding", "gzip"]])
      #expect(unpacked.text == #"{"isbn":"1","to":"x"}"#)
    }
  }

  private static func gzip(_ text: String) throws -> [UInt8] {
    try Array(text.utf8).withUnsafeBytes { try MessageCodec().withCompressed($0, .gzip) { Array($0) } }
  }

  @Test func largeResponsesAreCompressed() async throws {
    try await servingLibrary { server in
      let plain = try await server.send("GET", "/v1/books/long")
      #expect(plain.field("content-encoding") == nil && plain.bytes.count > 5000)
      let small = try await server.send("GET", "/v1/books/long", nil, [["accept-encoding", "br, gzip"]])
      #expect(small.field("content-encoding") == "gzip" && small.field("vary") == "accept-encoding")
      #expect(small.bytes.count < 200 && small.field("content-length") == "\(small.bytes.count)")
      let unpacked = try small.bytes.withUnsafeBytes {
        try MessageCodec().withDecompressed($0, .gzip, limit: 10_000) { Array($0) }
      }
      #expect(unpacked == plain.bytes)
      #expect(
        try await server.send("GET", "/v1/books/1", nil, [["accept-encoding", "gzip"]]).field("content-encoding") == nil
      )
    }
  }

  @Test func largeRequestsAreRefused() async throws {
    try await servingLibrary({ $0.maximumRequestSize = 1000 }) { server in
      let title = #"{"title":"\#(String(repeating: "a", count: 2000))"}"#
      let answer = try await server.send("POST", "/v1/shelves/1/books", title)
      #expect(answer.status == 413 && answer.text.contains(#""status":"RESOURCE_EXHAUSTED""#))
      let line = try await server.send("POST", "/v1/books/7:write", "{}\n" + title, type: "application/x-ndjson")
      #expect(line.status == 413)
      let lines = String(repeating: "{\"text\":\"a\"}\n", count: 500)
      #expect(try await server.send("POST", "/v1/books/7:write", lines, type: "application/x-ndjson").status == 200)
    }
  }

  @Test func etagsAndConditions() async throws {
    try await servingLibrary { server in
      #expect(try await server.send("GET", "/v1/books/1").field("etag") == "\"v1\"")
      let same = try await server.send("GET", "/v1/books/1", nil, [["if-none-match", "W/\"v1\", \"v0\""]])
      #expect(same.status == 304 && same.bytes.isEmpty && same.field("etag") == "\"v1\"")
      #expect(try await server.send("GET", "/v1/books/1", nil, [["if-none-match", "\"v2\""]]).status == 200)
      #expect(try await server.send("GET", "/v1/books/1", nil, [["if-none-match", "v2"]]).status == 400)

      let book = "/v1/shelves/1/books/2"
      let matched = try await server.send("PATCH", book, #"{"title":"T"}"#, [["if-match", "\"v7\""]])
      #expect(matched.text.contains(#""etag":"v7""#) && matched.text.contains(#""updateMask":"title""#))
      let moved = try await server.send("POST", "/v1/books/1:move", nil, [["if-match", "\"v7\""]])
      #expect(moved.text == #"{"isbn":"1","etag":"v7"}"#)
      let lost = try await server.send("PATCH", book, #"{"title":"T"}"#, [["if-match", "\"old\""]])
      #expect(lost.status == 412 && lost.text.contains(#""code":412"#) && lost.text.contains(#""status":"ABORTED""#))
      #expect(try await server.send("PATCH", book, #"{"etag":"old"}"#).status == 409)
      #expect(try await server.send("PATCH", book, "{}", [["if-match", "*"]]).status == 200)
      #expect(try await server.send("PATCH", book, "{}", [["if-match", "W/\"v7\""]]).status == 412)
      #expect(try await server.send("PATCH", book, #"{"etag":"v7"}"#, [["if-match", "\"v7\""]]).status == 200)
      for (fields, body) in [("\"v7\"", #"{"etag":"v8"}"#), ("v7", "{}"), ("\"a\", \"b\"", "{}")] {
        #expect(
          try await server.send("PATCH", book, body, [["if-match", HeaderField("x", fields).value]]).status == 400)
      }
      #expect(try await server.send("PUT", "/v1/books/1/tags", "[]", [["if-match", "\"v7\""]]).status == 400)
    }
  }

  @Test func streamsAreLines() async throws {
    try await servingLibrary { server in
      let answer = try await server.send("GET", "/v1/books/1:read?count=2")
      #expect(answer.status == 200 && answer.field("content-type") == "application/x-ndjson")
      #expect(
        answer.text
          == "{\"text\":\"page 1\\n\",\"resumeToken\":\"1\"}\n{\"text\":\"page 2\\n\",\"resumeToken\":\"2\"}\n")
      #expect(!answer.isBroken && answer.frames.last?.isEnd == true)
      let empty = try await server.send("GET", "/v1/books/1:read")
      #expect(empty.status == 200 && empty.bytes.isEmpty && empty.field("content-type") == "application/x-ndjson")
    }
  }

  @Test func eventsWhereTheClientAsks() async throws {
    try await servingLibrary { server in
      let fields: [HeaderField] = [["accept", "text/event-stream"]]
      let answer = try await server.send("GET", "/v1/books/1:read?count=3", nil, fields + [["last-event-id", "1"]])
      #expect(answer.field("content-type") == "text/event-stream")
      #expect(
        answer.text == "id: 2\ndata: {\"text\":\"page 2\\n\",\"resumeToken\":\"2\"}\n\n"
          + "id: 3\ndata: {\"text\":\"page 3\\n\",\"resumeToken\":\"3\"}\n\n")
      let torn = try await server.send("GET", "/v1/books/torn:read?count=1", nil, fields)
      #expect(torn.text.contains("\n\nevent: error\ndata: {\"error\":{\"code\":500,") && torn.isBroken)
    }
  }

  // Trap 42: a stream that fails does not look whole.
  @Test func streamsThatFailBreakOff() async throws {
    try await servingLibrary { server in
      let torn = try await server.send("GET", "/v1/books/torn:read?count=1")
      #expect(torn.status == 200 && torn.isBroken)
      #expect(
        torn.text.hasSuffix(#"{"error":{"code":500,"message":"the rest is torn","status":"DATA_LOSS"}}"# + "\n"))
      // Before the first message there is a status to say it by.
      let none = try await server.send("GET", "/v1/books/none:read")
      #expect(none.status == 404 && !none.isBroken && none.text.hasPrefix(#"{"error":{"code":404,"#))
    }
  }

  @Test func deadlinesArriveByGRPCsField() async throws {
    try await servingLibrary { server in
      let late = try await server.send("GET", "/v1/books/slow", nil, [["grpc-timeout", "20m"]])
      #expect(late.status == 504 && late.text.contains("DEADLINE_EXCEEDED"))
      let malformed = try await server.send("GET", "/v1/books/1", nil, [["grpc-timeout", "soon"]])
      #expect(malformed.status == 400 && malformed.text.contains("grpc-timeout"))
    }
  }

  @Test func headIsGetWithoutABody() async throws {
    try await servingLibrary { server in
      let get = try await server.send("GET", "/v1/books/1")
      let head = try await server.send("HEAD", "/v1/books/1")
      #expect(head.status == 200 && head.bytes.isEmpty && head.frames.first?.isEnd == true)
      #expect(head.field("content-length") == "\(get.bytes.count)" && head.field("etag") == "\"v1\"")
      #expect(try await server.send("HEAD", "/v1/books/none").status == 404)
    }
  }

  @Test func pagesOfOtherOriginsMayCall() async throws {
    try await servingLibrary({ $0.web = WebConfiguration(origins: ["https://app.example.com"]) }) { server in
      let origin: HeaderField = ["origin", "https://app.example.com"]
      let preflight = try await server.send(
        "OPTIONS", "/v1/shelves/1/books/2", nil,
        [origin, ["access-control-request-method", "PATCH"], ["access-control-request-headers", "if-match"]])
      #expect(preflight.status == 204 && preflight.field("access-control-allow-headers") == "if-match")
      #expect(preflight.field("access-control-allow-methods") == "POST, GET, HEAD, PATCH, PURGE, PUT")
      let answer = try await server.send("GET", "/v1/books/1", nil, [origin])
      #expect(answer.field("access-control-allow-origin") == "https://app.example.com")
      #expect(answer.field("access-control-expose-headers")?.contains("etag") == true)
      let error = try await server.send("GET", "/v1/nothing", nil, [origin])
      #expect(error.status == 404 && error.field("access-control-allow-origin") == "https://app.example.com")
      #expect(try await server.send("GET", "/v1/books/1", nil, [["origin", "https://evil.example.com"]]).status == 403)
    }
  }

  @Test func callsOfGRPCAreLeftAlone() async throws {
    try await servingLibrary { server in
      let call = try await server.send(
        "POST", "/library.v1.Library/Hidden", bytes: [[0, 0, 0, 0, 0]], [["te", "trailers"]], type: "application/grpc")
      #expect(call.status == 200 && call.frames.last?.field("grpc-status") == "0")
      #expect(try await server.send("POST", "/library.v1.Library/Hidden", "{}").status == 415)
    }
  }
}
