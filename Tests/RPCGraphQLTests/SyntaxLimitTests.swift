import RPCGraphQL
import Testing

/// What the parser accepts, test_graphql_syntax.py compares with graphql-core. Here: what it costs at most.
@Suite struct SyntaxLimitTests {
  private func message(_ text: String, _ change: (inout SyntaxLimits) -> Void = { _ in }) -> String? {
    var limits = SyntaxLimits()
    change(&limits)
    do throws(SyntaxError) {
      _ = try ExecutableDocument(parsing: Array(text.utf8), limits: limits)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func tokens() {
    // Seven: two braces, four names, and the end.
    #expect(message("{a b c d}") { $0.tokens = 7 } == nil)
    #expect(message("{a b c d}") { $0.tokens = 6 }?.contains("more than 6 tokens") == true)
    // It stops at the limit: what is behind it is not even looked at.
    #expect(message("{a b c d \u{0}") { $0.tokens = 4 }?.contains("more than 4 tokens") == true)
  }

  @Test func depth() {
    #expect(message("{a{b{c}}}") { $0.depth = 3 } == nil)
    #expect(message("{a{b{c}}}") { $0.depth = 2 }?.contains("nested deeper than 2 (line 1, column 5)") == true)
    #expect(message("{a(b:[[1]])}") { $0.depth = 2 }?.contains("nested deeper than 2") == true)
    #expect(message("query($a:[[Int]]){a}") { $0.depth = 1 }?.contains("nested deeper than 1") == true)
    for open in ["{a", "[", "{a(b:[", "{a(b:{c:"] {
      #expect(message(String(repeating: open, count: 100_000)) != nil)
    }
  }

  @Test func aliasesAndDirectives() {
    #expect(message("{a:b c:d}") { $0.aliases = 2 } == nil)
    #expect(message("{a:b c:d}") { $0.aliases = 1 }?.contains("more than 1 aliases") == true)
    #expect(message("{a @b @c}") { $0.directives = 2 } == nil)
    #expect(message("{a @b @c}") { $0.directives = 1 }?.contains("more than 1 directives") == true)
  }

  @Test func placesCountScalars() {
    #expect(message("{a(b:\"é🚀\") !}") == "Syntax Error: '!' is unexpected here (line 1, column 12)")
    #expect(message("{\r\n  a\r  %}")?.hasSuffix("(line 3, column 3)") == true)
    #expect(message("")?.contains("ends too early") == true)
    let broken: [UInt8] = [0x7b, 0xff, 0x7d]
    #expect(throws: SyntaxError.self) { try ExecutableDocument(parsing: broken) }
  }
}
