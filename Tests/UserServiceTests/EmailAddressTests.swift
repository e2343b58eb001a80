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
    ("a@R3---SN.example", "a@R3---SN.example", "a@r3---sn.example"),
    // Composed and decomposed, in either case.
    ("JÖRG@BÜCHER.example", "JÖRG@BÜCHER.example", "jörg@xn--bcher-kva.example"),
    ("jo\u{308}rg@bu\u{308}cher.example", "jo\u{308}rg@bu\u{308}cher.example", "jörg@xn--bcher-kva.example"),
    ("JO\u{308}RG@bücher.Example", "JO\u{308}RG@bücher.Example", "jörg@xn--bcher-kva.example"),
    ("用户@例子.公司", "用户@例子.公司", "用户@xn--fsqu00a.xn--55qx5d"),
    ("ΑΣ@παράδειγμα.example", "ΑΣ@παράδειγμα.example", "ασ@xn--hxajbheg2az3al.example"),
    // The angstrom sign is Å.
    ("\u{212b}@example.com", "\u{212b}@example.com", "\u{e5}@example.com"),
    // Lower case of a letter with a dot above is two scalars that do not compose.
    ("\u{130}@example.com", "\u{130}@example.com", "i\u{307}@example.com"),
    ("🦊@example.com", "🦊@example.com", "🦊@example.com"),
    // Wide letters are letters in a domain, as everywhere in the DNS, and letters of their own in a mailbox.
    ("ａ@ｅxample.com", "ａ@ｅxample.com", "ａ@example.com"),
    // Catalan's middle dot and Persian's joiner stand in names of the DNS; the latter only as an A-label.
    ("a@paral·lel.example", "a@paral·lel.example", "a@xn--parallel-koa.example"),
    ("a@xn--mgba3gch31f060k.com", "a@xn--mgba3gch31f060k.com", "a@xn--mgba3gch31f060k.com"),
  ])
  func accepts(text: String, address: String, normalForm: String) throws {
    let email = try EmailAddress(text)
    #expect(Array(email.address.unicodeScalars) == Array(address.unicodeScalars))
    #expect(Array(email.normalForm.unicodeScalars) == Array(normalForm.unicodeScalars))
    #expect(try EmailAddress(email.normalForm).normalForm.utf8.elementsEqual(email.normalForm.utf8))
  }

  /// Each line is one address.
  @Test(arguments: [
    ["ΣΙΣ@x.org", "σις@x.org", "σισ@X.org", "Σις@x.ORG"],
    ["a@münchen.de", "a@xn--mnchen-3ya.de", "A@MÜNCHEN.DE", "a@XN--MNCHEN-3YA.de"],
    ["a@münchen.de", "a@mu\u{308}nchen.de", "a@ｍünchen.de"],
    ["weiß@x.org", "WEISS@x.org", "weiẞ@x.org", "weiſs@x.org"],
    ["a@weiß.de", "a@WEIẞ.de", "a@xn--wei-7ka.de"],
    ["ﬁn@x.org", "FIN@x.org"],
    ["ᾳ@x.org", "ᾼ@x.org", "αι@x.org", "α\u{345}@x.org"],
    ["\u{1f80}@x.org", "\u{1f88}@x.org", "α\u{313}\u{345}@x.org", "α\u{345}\u{313}@x.org"],
    ["ꭰ@x.org", "Ꭰ@x.org"],
    // Marks in either order.
    ["q\u{323}\u{307}@x.org", "Q\u{307}\u{323}@x.org"],
  ])
  func areOneAddress(spellings: [String]) throws {
    let forms = try spellings.map { Array(try EmailAddress($0).normalForm.utf8) }
    #expect(Set(forms).count == 1)
  }

  /// Each line is as many addresses as it has.
  @Test(arguments: [
    ["i@x.org", "ı@x.org", "İ@x.org", "ì@x.org"], ["a@straße.de", "a@strasse.de"], ["a@βόλος.com", "a@βόλοσ.com"],
    ["a@x.org", "ａ@x.org", "а@x.org"], ["1@x.org", "①@x.org", "¹@x.org"],
  ])
  func areDifferentAddresses(spellings: [String]) throws {
    let forms = try spellings.map { Array(try EmailAddress($0).normalForm.utf8) }
    #expect(Set(forms).count == spellings.count)
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
    ("a@b/c", .domainCharacter), ("a@🦊.example", .domainCharacter), ("a@xn--i-7iq.ws", .domainCharacter),
    // Hangul's fillers, the grapheme joiner, a variation selector; Braille without dots. None of them shows.
    ("a\u{3164}@c", .forbiddenCharacter), ("a\u{115f}@c", .forbiddenCharacter), ("a\u{1160}@c", .forbiddenCharacter),
    ("a\u{ffa0}@c", .forbiddenCharacter), ("a\u{34f}@c", .forbiddenCharacter), ("❤\u{fe0f}@c", .forbiddenCharacter),
    ("a\u{17b4}@c", .forbiddenCharacter), ("a\u{180b}@c", .forbiddenCharacter), ("a\u{e0100}@c", .forbiddenCharacter),
    ("a\u{200d}@c", .forbiddenCharacter), ("a\u{2800}@c", .forbiddenCharacter), ("a\u{1d159}@c", .forbiddenCharacter),
    ("a@b\u{34f}.c", .domainCharacter), ("a@b\u{3164}.c", .domainCharacter), ("a@b\u{ad}.c", .domainCharacter),
    ("a@نامه\u{200c}ای.com", .domainCharacter), ("a@b\u{fe0f}.c", .domainCharacter),
    // NFC makes a semicolon of the Greek question mark.
    ("a\u{37e}b@c", .forbiddenCharacter),
    // Assigned by Unicode 16 and after: what folds them later might fold them otherwise.
    ("\u{10d50}@c", .forbiddenCharacter),
    ("a@xn--.de", .domainInvalid), ("a@xn--a.de", .domainInvalid), ("a@xn--99999999.de", .domainInvalid),
    ("a@xn--fsqu00a-.de", .domainInvalid), ("a@XN--\u{e9}.de", .domainInvalid), ("a@1א.example", .domainInvalid),
    ("a@é-.de", .domainLabelHyphen), ("a@éa--b.de", .domainInvalid), ("a@℀é.de", .domainInvalid),
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

  @Test func normalFormCountsAgainstTheLimits() throws {
    let label = String(repeating: "d", count: 63)
    // 254 bytes as written; each U+0130 is a byte longer in lower case.
    let text = String(repeating: "\u{130}", count: 20) + "@" + [label, label, label].joined(separator: ".")
    #expect(try EmailAddress(text).normalForm.utf8.count == 252)
    let longer = String(repeating: "\u{130}", count: 21) + text.dropFirst(20)
    #expect(longer.utf8.count == 234)
    #expect(throws: EmailProblem.tooLong) { try EmailAddress(longer) }
    // 62 bytes as written, 93 folded.
    #expect(throws: EmailProblem.localPartTooLong) { try EmailAddress(String(repeating: "\u{130}", count: 31) + "@b") }
    // 57 letters are 63 bytes as an A-label, 58 are 64.
    let longest = String(repeating: "ü", count: 57)
    #expect(try EmailAddress("a@\(longest)").normalForm.utf8.count == 65)
    #expect(throws: EmailProblem.domainLabelLength) { try EmailAddress("a@\(longest)ü") }
    // 252 bytes of letters that were written apart.
    let apart = "a@" + Array(repeating: String(repeating: "e\u{301}", count: 20), count: 4).joined(separator: ".")
    #expect(try EmailAddress(apart).normalForm.utf8.count < apart.utf8.count)
  }

  @Test func everyProblemHasWords() {
    for problem in EmailProblem.allCases { #expect(problem.description.hasPrefix("must ")) }
  }

  /// The fast way for ASCII must be the way for all, and must let nothing through that the slow one refuses.
  @Test func asciiPathIsTheUnicodePath() throws {
    for value in UInt8(0x21)..<0x7f {
      let text = String(UnicodeScalar(value))
      #expect(try NormalForm.folded(text + "é") == NormalForm.lowercasedASCII(text[...]) + "é")
    }
    let pieces = [
      "", "a", "Z9", ".", "-", "--", "@", "xn--", "Xn--a", "ab--c", "_", " ", "\0", "é",
      String(repeating: "a", count: 62), String(repeating: "b", count: 64),
    ]
    var plain = 0
    for first in pieces {
      for second in pieces {
        for third in pieces {
          for text in ["\(first)\(second)@\(third)", "\(first)@\(second)\(third)", "a@\(first).\(second)\(third)"] {
            let slow: String?
            do throws(EmailProblem) {
              let (local, domain) = try EmailSyntax.parts(text)
              slow = try EmailAddress.normalForm(local, domain)
            } catch {
              slow = nil
            }
            #expect(!EmailSyntax.isPlain(text) || slow == NormalForm.lowercasedASCII(text[...]), "\(text)")
            if EmailSyntax.isPlain(text) { plain += 1 }
          }
        }
      }
    }
    #expect(plain > 300)
    for text in ["ann@example.com", "A.B+c@R-3.example", "a@1-2.3"] { #expect(EmailSyntax.isPlain(text)) }
  }
}
