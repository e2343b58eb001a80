import Testing

@testable import RPCGateway

@Suite struct PathTemplateTests {
  @Test func allThatTheGrammarHas() throws {
    let template = try PathTemplate("/v1/{name=shelves/*/books/**}:read")
    #expect(
      template.segments == [.literal("v1"), .literal("shelves"), .single, .literal("books"), .multiple])
    #expect(template.variables == [.init(field: ["name"], segments: 1..<5)] && template.verb == "read")
    let nested = try PathTemplate("/{a.b_c}/x/{d=*}")
    #expect(nested.segments == [.single, .literal("x"), .single])
    #expect(nested.variables.map(\.field) == [["a", "b_c"], ["d"]] && nested.isSingle(nested.variables[0]))
    let rest = try PathTemplate("/{a=**}")
    #expect(!rest.isSingle(rest.variables[0]))
    #expect(try PathTemplate("/caf%C3%A9").segments == [.literal("café")])
    #expect(try PathTemplate("/*/**").segments == [.single, .multiple])
  }

  @Test(arguments: [
    "", "v1", "/", "/v1/", "//a", "/{}", "/{a", "/{a=}", "/{a={b}}", "/a:", "/a:b:c", "/a:b/c", "/{a.}", "/{.a}",
    "/**/a",
    "/{a=**}/b", "/{a}/{a}", "/***", "/a*", "/a b", "/a?b", "/%zz", "/%ff",
  ])
  func whatIsNoTemplateIsRefused(text: String) {
    #expect(throws: GatewayError.self) { try PathTemplate(text) }
  }
}
