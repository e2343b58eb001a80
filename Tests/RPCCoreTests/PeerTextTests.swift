import RPCCore
import Testing

@Suite struct PeerTextTests {
  @Test func shortTextsAreWhole() {
    for text in ["", "users.v1.UserService", "Zoë ☺", String(repeating: "x", count: 200)] {
      #expect(PeerText.excerpt(text) == text)
    }
  }

  @Test(arguments: ["x", "é", "☺", "😀"]) func longOnesAreCutBetweenCharacters(character: String) {
    let excerpt = PeerText.excerpt(String(repeating: character, count: 1000))
    #expect(excerpt.hasSuffix("…"))
    #expect(excerpt.dropLast() == String(repeating: character, count: 200 / character.utf8.count)[...])
  }

  @Test func controlCharactersDoNotComeThrough() {
    #expect(PeerText.excerpt("a\r\nb\0c\u{1b}[31m\u{85}") == "a\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}[31m\u{fffd}")
  }
}
