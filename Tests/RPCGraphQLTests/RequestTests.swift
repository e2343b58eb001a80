import RPCCore
import RPCGraphQL
import RPCServer
import Synchronization
import TestPeer
import Testing

/// HTTP, limits, and what calls inside the server share with others. test_graphql.py has the audits of GraphQL over
/// HTTP.
@Suite struct RequestTests {
  @Test func statusesFollowTheMediaType() async throws {
    try await servingGarden { server in
      let invalid = "{ nothing }"
      #expect(try await server.post(invalid).status == 400)
      #expect(try await server.post(invalid, accept: "application/json").status == 200)
      #expect(try await server.post("{", accept: "application/json").text.contains("GRAPHQL_PARSE_FAILED"))
      #expect(try await server.post("{beds{name}}", accept: "image/png").status == 406)
      let answer = try await server.post("{beds{name}}")
      #expect(answer.field("content-type") == "application/graphql-response+json; charset=utf-8")
      #expect(answer.field("content-length") == "\(answer.text.utf8.count)")
    }
  }

  @Test func getAnswersQueriesOnly() async throws {
    try await servingGarden { server in
      let query = try await server.send(
        "GET", "/graphql?query=%7Bplant(id:%22p1%22)%7Bid%7D%7D", nil, [["accept", "application/json"]])
      #expect(query.text == #"{"data":{"plant":{"id":"p1"}}}"#)
      let mutation = try await server.send(
        "GET", "/graphql?query=mutation+%7BdeletePlant(id:%22p1%22)%7D", nil, [["accept", "application/json"]])
      #expect(mutation.status == 405 && mutation.field("allow") == "POST")
      #expect(server.garden.calls == ["get p1"])
    }
  }

  @Test func listsOfRequestsAreRefused() async throws {
    try await servingGarden { server in
      let answer = try await server.send(
        "POST", "/graphql", #"[{"query": "{beds{name}}"}]"#, [["content-type", "application/json"]])
      #expect(answer.status == 400 && answer.text.contains("several requests in one"))
    }
  }

  /// Trap 35.
  @Test func aliasesDontMultiplyTriesOfACredential() async throws {
    try await servingGarden { server in
      let two = try await server.text(#"mutation { a: unlock(code: "1") { tries } b: unlock(code: "2") { tries } }"#)
      #expect(two.contains("LIMIT_EXCEEDED") && server.garden.calls.isEmpty, "\(two)")
      let hidden = try await server.text(
        #"mutation { unlock(code: "1") { tries } ...F } fragment F on Mutation { b: unlock(code: "2") { tries } }"#)
      #expect(hidden.contains("LIMIT_EXCEEDED") && server.garden.calls.isEmpty, "\(hidden)")
      _ = try await server.text(#"mutation { a: unlock(code: "1") { tries } }"#)
      #expect(server.garden.calls == ["unlock 1"])
    }
  }

  @Test func costlyOperationsAreNotExecuted() async throws {
    try await servingGarden({ $0.limits.cost = 100 }) { server in
      #expect(try await server.text("{ plants(first: 9) { nodes { id label } } }").contains("\"data\""))
      let long = try await server.text("{ plants(first: 90) { nodes { id } } }")
      #expect(long.contains("LIMIT_EXCEEDED") && server.garden.calls.count == 1, "\(long)")
      let many = try await server.text("{ \((0..<11).map { "a\($0): beds { name }" }.joined(separator: " ")) }")
      #expect(many.contains("LIMIT_EXCEEDED"), "\(many)")
      let entities = try await server.text(
        "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
        variables:
          "{\"r\": [\((0..<20).map { "{\"__typename\":\"Plant\",\"id\":\"p\($0)\"}" }.joined(separator: ","))]}")
      #expect(entities.contains("LIMIT_EXCEEDED"), "\(entities)")
    }
  }

  @Test func largeBodiesAreRefused() async throws {
    try await servingGarden({ $0.limits.size = 100 }) { server in
      #expect(try await server.post("{ beds { name } }").status == 200)
      let large = try await server.post("{ beds { name } } #\(String(repeating: "x", count: 100))")
      #expect(large.status == 413 && large.text.contains("more than 100 bytes"))
    }
  }

  @Test func introspectionIsBounded() async throws {
    try await servingGarden({ $0.limits.introspection = 500 }) { server in
      let circle = try await server.text(
        "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }")
      #expect(circle.contains("LIMIT_EXCEEDED"), "\(circle.prefix(300))")
      #expect(try await server.text("{ __type(name: \"Plant\") { name } }") == #"{"data":{"__type":{"name":"Plant"}}}"#)
    }
  }

  @Test func subscriptionsAreEvents() async throws {
    try await servingGarden { server in
      let answer = try await server.post("subscription { growth(count: 2) { id } }", accept: "text/event-stream")
      #expect(answer.field("content-type") == "text/event-stream")
      #expect(
        answer.text == "event: next\ndata: {\"data\":{\"growth\":{\"id\":\"p0\"}}}\n\n"
          + "event: next\ndata: {\"data\":{\"growth\":{\"id\":\"p1\"}}}\n\nevent: complete\ndata:\n\n")
      let broken = try await server.post("subscription { growth(count: 3) { id } }", accept: "text/event-stream")
      #expect(broken.text.contains(#""code":"DATA_LOSS""#) && broken.text.hasSuffix("event: complete\ndata:\n\n"))
      let query = try await server.post("{ beds { name } }", accept: "text/event-stream")
      #expect(query.text.hasPrefix("event: next\ndata: {\"data\":") && query.text.hasSuffix("complete\ndata:\n\n"))
      let invalid = try await server.post("{ nothing }", accept: "text/event-stream")
      #expect(invalid.status == 200 && invalid.text.contains("GRAPHQL_VALIDATION_FAILED"))
      #expect(try await server.post("subscription { growth { id } }").status == 400)
    }
  }

  /// Refuses a method, and counts what it sees.
  private final class Guard: ServerInterceptor {
    private let seen = Mutex<[String]>([])
    private let ended = Mutex<[String]>([])
    var accepted: [String] { seen.withLock { $0 } }
    var finished: [String] { ended.withLock { $0 } }

    private struct Observer: CallObserver {
      let method: String
      let owner: Guard
      func ended(_ summary: CallSummary) { owner.ended.withLock { $0.append("\(method) \(summary.status)") } }
    }

    func callStarted(_ start: CallStart) -> (any CallObserver)? { Observer(method: start.methodName, owner: self) }

    func accept(_ context: ServerContext) throws(RPCError) {
      seen.withLock { $0.append(context.method.name) }
      if context.method.name == "ListBeds" { throw RPCError(.permissionDenied, "not you") }
    }
  }

  @Test func interceptorsSeeEveryCall() async throws {
    let interceptor = Guard()
    try await servingGarden(interceptors: [interceptor]) { server in
      let text = try await server.text(#"{ beds { name } plant(id: "p1") { id } none: plant(id: "x") { id } }"#)
      #expect(text.hasSuffix(#""data":{"beds":null,"plant":{"id":"p1"},"none":null}}"#), "\(text)")
      #expect(text.contains(#""path":["beds"],"extensions":{"code":"PERMISSION_DENIED"}"#))
      #expect(interceptor.accepted.sorted() == ["GetPlant", "GetPlant", "ListBeds", "POST /graphql"])
      #expect(
        interceptor.finished.sorted() == [
          "garden.v1.Garden/GetPlant NOT_FOUND", "garden.v1.Garden/GetPlant OK",
          "garden.v1.Garden/ListBeds PERMISSION_DENIED", "http/POST /graphql OK",
        ], "\(interceptor.finished)")
    }
  }

  @Test func handlersSeeTheRequestsMetadata() async throws {
    try await servingGarden { server in
      let answer = try await server.post(#"{ plant(id: "metadata") { id } }"#, [["x-garden", "mine"]])
      #expect(answer.text.contains("mine"), "\(answer.text)")
    }
  }

  @Test func callsInsideCountAgainstTheLimits() async throws {
    try await servingGarden(configure: { $0.maximumRunningHandlers = 4 }) { server in
      let text = try await server.text(
        "{ \((0..<6).map { "a\($0): plant(id: \"p1\") { id }" }.joined(separator: " ")) }")
      #expect(text.contains("RESOURCE_EXHAUSTED") && text.contains(#"{"id":"p1"}"#), "\(text)")
      // They were given back.
      let again = try await server.text(#"{ plant(id: "p1") { id } }"#)
      #expect(again == #"{"data":{"plant":{"id":"p1"}}}"#)
    }
  }

  @Test func browsersGetAPage() async throws {
    try await servingGarden { server in
      let page = try await server.send("GET", "/graphql", nil, [["accept", "text/html,*/*;q=0.8"]])
      #expect(page.field("content-type") == "text/html; charset=utf-8")
      #expect(page.text.contains("\"/graphql/graphql.js\"") && !page.text.contains("{path}"))
      #expect(page.field("content-security-policy")?.contains("script-src 'self'") == true)
      #expect(try await server.send("GET", "/graphql/graphql.js").status == 200)
      #expect(try await server.send("GET", "/graphql", nil, [["accept", "application/json"]]).status == 400)
    }
  }
}
