import ProtoWire
import RPCCore
import TestSupport
import Testing

@testable import RPCGateway

/// Whatever a peer sends is answered: nothing of it traps, and nothing costs more than its length.
@Suite struct HostileTextTests {

  private static func text(_ alphabet: [String], _ generator: inout SeededGenerator) -> String {
    (0..<Int.random(in: 0...12, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "" }
      .joined()
  }

  private static func binder(_ method: String) throws -> RequestBinder {
    let gateway = try JSONGateway(services: [LibraryService()])
    let binding = try #require(gateway.bindings.first { $0.descriptor.name == method })
    return RequestBinder(binding: binding, types: gateway.types, transcoder: gateway.transcoder)
  }

  @Test func queries() throws {
    let binder = try Self.binder("FindBooks")
    var generator = SeededGenerator(seed: 1)
    let alphabet = [
      "author", ".", "name", "=", "&", "[", "]", "%", "%2", "%5B", "a", "tags", "counts", "+", "\u{e9}", "since",
    ]
    var taken = 0
    for _ in 0..<5000 {
      let text = Self.text(alphabet, &generator)
      guard let query = QueryString(Array(text.utf8)) else { continue }
      if (try? binder.head(values: [], query: query, etag: nil, lastEvent: nil)) != nil { taken += 1 }
    }
    #expect(taken > 100 && taken < 5000)
  }

  @Test func bodies() throws {
    let binder = try Self.binder("ChangeBook")
    var generator = SeededGenerator(seed: 2)
    let alphabet = [
      "{", "}", "[", "]", ":", ",", "\"title\"", "\"author\"", "\"", "\\", "1", "null", "-", "\"\\u0000\"", "\u{e9}",
      " ",
    ]
    var taken = 0
    for round in 0..<20_000 {
      let inner = Self.text(alphabet, &generator)
      let text = round % 2 == 0 ? inner : "{\"title\":" + inner + "}"
      if (try? binder.message(Array(text.utf8), .init())) != nil { taken += 1 }
      _ = JSONScanner.isOneValue(Array(text.utf8))
    }
    #expect(taken > 100 && taken < 20_000)
  }

  @Test func paths() throws {
    let router = try JSONGateway(services: [LibraryService()]).router
    var generator = SeededGenerator(seed: 3)
    let alphabet = ["/", "v1", "books", "shelves", ":", "read", "%2F", "%", "a", "//", "%3A", "\u{e9}", "files"]
    var found = 0
    for _ in 0..<20_000 {
      let text = "/v1/" + Self.text(alphabet, &generator)
      if case .found = router.match(Array(text.utf8), method: "GET") { found += 1 }
    }
    #expect(found > 100 && found < 20_000)
  }

  /// The scanner accepts at least what the parser does, and knows where values end.
  @Test func theScannerAgreesWithTheParser() {
    for text in [
      "{}", "[]", "1", "-1.5e+3", "\"a\\\"b\"", "null", "[1,[2,{\"a\":[]}]]", " { \"a\" : 1 } ", "{\"a\":\"}\"}",
    ] {
      #expect(JSONScanner.isOneValue(Array(text.utf8)), "\(text)")
    }
    for text in ["", "{", "}", "[}", "{}{}", "1 2", "\"a", "\"a\\", "[1", "{}, \"a\": 1", ":", ",", "{]"] {
      #expect(!JSONScanner.isOneValue(Array(text.utf8)), "\(text)")
    }
    let deep = Array(String(repeating: "[", count: 100_000).utf8)
    #expect(!JSONScanner.isOneValue(deep) && JSONScanner.members(deep[...]) == nil)
  }

  @Test func longNamesOfParameters() throws {
    let binder = try Self.binder("FindBooks")
    let name = Array(String(repeating: "author.", count: 5000).utf8)
    let query = try #require(QueryString(name))
    #expect(throws: (any Error).self) { try binder.head(values: [], query: query, etag: nil, lastEvent: nil) }
  }
}
