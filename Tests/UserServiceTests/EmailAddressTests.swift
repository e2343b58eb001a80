import Testing

@testable import UserService

@Suite struct EmailAddressTests {
  @Test(arguments: [
    ("a@b", "a@b", "a@b"),
    ("Ann.Lee@Example.COM", "Ann.Lee@Example.COM", "ann.lee@example.com"),
    ("  ann@example.com\t\r\n", "ann@example.com", "ann@example.com"),
    ("\u{a0}\u{3000}ann@example.com\u{2003}", "ann@example.com", "ann@example.com"),
    ("ann+tag@example.com", "ann+tag@example.com", "ann+tag@example.com"),
    ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
    ("a@1.2.3.4", "a@1.2.3.4", "a@1.2.3.4"),
    ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
    // Composed and decomposed, in either case.
    ("JÖRG@BÜCHER.example", "JÖRG@BÜCHER.example", "jörg@bücher.example"),
    ("jo\u{308}rg@bu\u{308}cher.example", "jo\u{308}rg@bu\u{308}cher.example", "jörg@bücher.example"),
    ("JO\u{308}RG@bücher.example", "JO\u{308}RG@bücher.example", "jörg@bücher.example"),
    ("用户@例子.公司", "用户@例子.公司", "用户@例子.公司"),
    ("ΑΣ@παράδειγμα.example", "ΑΣ@παράδειγμα.example", "ας@παράδειγμα.example"),
    // The angstrom sign is Å.
    ("\u{212b}@example.com", "\u{212b}@example.com", "\u{e5}@example.com"),
    // Lower case of a letter with a dot above is two scalars that do not compose.
    ("\u{130}@example.com", "\u{130}@example.com", "i\u{307}@example.com"),
    ("🦊@example.com", "🦊@example.com", "🦊@example.com"),
  ])
  func accepts(text: String, address: String, normalForm: String) throws {
    let email = try EmailAddress(text)
    #expect(Array(email.address.unicodeScalars) == Array(address.unicodeScalars))
    // "ας" or "ασ": what matters is that there is one form.
    if !normalForm.hasPrefix("ας") {
      #expect(Array(email.normalForm.unicodeScalars) == Array(normalForm.unicodeScalars))
    }
    #expect(try EmailAddress(email.normalForm).normalForm.utf8.elementsEqual(email.normalForm.utf8))
  }

  @Test(arguments: [
    ("", EmailProblem.empty), (" \n", .empty), ("ann", .noAt), ("a@b@c", .severalAts), ("@b", .localPartEmpty),
    ("a@", .domainEmpty), (".a@b", .localPartDots), ("a.@b", .localPartDots), ("a..b@c", .localPartDots),
    ("a b@c", .forbiddenCharacter), ("a\0@c", .forbiddenCharacter), ("a\u{7f}@c", .forbiddenCharacter),
    ("a\r\nBcc: x@c", .forbiddenCharacter), ("\"a\"@c", .forbiddenCharacter), ("a,b@c", .forbiddenCharacter),
    ("<a>@c", .forbiddenCharacter), ("a\\b@c", .forbiddenCharacter),
    // Zero-width space, right-to-left override, soft hyphen, byte order mark, private use, noncharacter, NEL.
    ("a\u{200b}@c", .forbiddenCharacter), ("a\u{202e}@c", .forbiddenCharacter), ("a\u{ad}b@c", .forbiddenCharacter),
    ("\u{feff}a@c", .forbiddenCharacter), ("a\u{e000}@c", .forbiddenCharacter), ("a\u{ffff}@c", .forbiddenCharacter),
    ("a\u{85}b@c", .forbiddenCharacter), ("a\u{a0}b@c", .forbiddenCharacter),
    ("a@b..c", .domainLabelLength), ("a@.b", .domainLabelLength), ("a@b.", .domainLabelLength),
    ("a@-b", .domainLabelHyphen), ("a@b-.c", .domainLabelHyphen), ("a@\u{308}b", .domainLabelHyphen),
    ("a@b c", .domainCharacter), ("a@b_c", .domainCharacter), ("a@[127.0.0.1]", .domainCharacter),
    ("a@b\0c", .domainCharacter), ("a@b\u{200d}c", .domainCharacter), ("a@b。c", .domainCharacter),
    ("a@b/c", .domainCharacter), ("a@🦊.example", .domainCharacter),
  ])
  func refuses(text: String, problem: EmailProblem) {
    #expect(throws: problem) { try EmailAddress(text) }
  }

  @Test func limits() throws {
    let label = String(repeating: "d", count: 63)
    _ = try EmailAddress(String(repeating: "a", count: 64) + "@b")
    #expect(throws: EmailProblem.localPartTooLong) { try EmailAddress(String(repeating: "a", count: 65) + "@b") }
    // Bytes count, not characters.
    _ = try EmailAddress(String(repeating: "é", count: 32) + "@b")
    #expect(throws: EmailProblem.localPartTooLong) { try EmailAddress(String(repeating: "é", count: 33) + "@b") }
    _ = try EmailAddress("a@\(label)")
    #expect(throws: EmailProblem.domainLabelLength) { try EmailAddress("a@\(label)d") }
    let domain = [label, label, label].joined(separator: ".")
    _ = try EmailAddress(String(repeating: "a", count: 62) + "@" + domain)
    #expect(throws: EmailProblem.tooLong) { try EmailAddress(String(repeating: "a", count: 63) + "@" + domain) }
    #expect(throws: EmailProblem.tooLong) { try EmailAddress(String(repeating: "a", count: 4 << 20)) }
  }

  @Test func normalFormCountsAgainstTheLimit() {
    // 254 bytes as written; each U+0130 is a byte longer in lower case.
    let label = String(repeating: "d", count: 63)
    let text = String(repeating: "\u{130}", count: 31) + "@" + [label, label, label].joined(separator: ".")
    #expect(text.utf8.count == 254)
    #expect(throws: EmailProblem.tooLong) { try EmailAddress(text) }
  }

  @Test func everyProblemHasWords() {
    for problem in EmailProblem.allCases { #expect(problem.description.hasPrefix("must ")) }
  }

  @Test func asciiPathIsTheUnicodePath() throws {
    // The fast way for ASCII must be the way for all.
    for value in UInt8(0x21)..<0x7f {
      let text = String(UnicodeScalar(value))
      #expect(NormalForm.folded(text + "é") == NormalForm.folded(text) + "é")
    }
  }
}
