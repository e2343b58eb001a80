import Testing

@testable import UserService

/// What must hold of every text, whatever it is made of.
@Suite struct NormalFormTests {
  /// A normal form is an address, within the limits, and its own normal form.
  private static func check(_ text: String, _ location: SourceLocation = #_sourceLocation) throws -> Bool {
    let email: EmailAddress
    do throws(EmailProblem) { email = try EmailAddress(text) } catch { return false }
    let form = Array(email.normalForm.utf8)
    let again = try? EmailAddress(email.normalForm)
    let spelled = text.unicodeScalars.map { String($0.value, radix: 16) }
    #expect(again.map { Array($0.normalForm.utf8) } == form, "\(spelled)", sourceLocation: location)
    #expect(form.count <= EmailSyntax.maximumBytes, "\(spelled)", sourceLocation: location)
    let domain = form.drop { $0 != UInt8(ascii: "@") }
    #expect(domain.allSatisfy { $0 < 0x80 }, "\(spelled)", sourceLocation: location)
    let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
    #expect(!form.contains { capitals.contains($0) }, "\(spelled)", sourceLocation: location)
    for scalar in email.normalForm.unicodeScalars where !TextRules.isVisible(scalar) {
      Issue.record("\(spelled) kept \(String(scalar.value, radix: 16))", sourceLocation: location)
    }
    return true
  }

  /// Every character that is not one of many alike, and some of those: ideographs, Hangul, private use, the unassigned.
  private static let scalars = (UInt32(0)...0x10ffff).compactMap(Unicode.Scalar.init).filter { scalar in
    if scalar.properties.isDefaultIgnorableCodePoint { return true }
    switch scalar.properties.generalCategory {
    case .unassigned, .privateUse: return scalar.value % 997 == 0
    case .otherLetter: return scalar.value < 0x3400 || scalar.value % 61 == 0
    default: return true
    }
  }

  @Test func everyCharacterInAMailbox() throws {
    var accepted = 0
    for scalar in Self.scalars where try Self.check("a\(scalar)\u{301}@b") { accepted += 1 }
    #expect(accepted > 20_000)
  }

  @Test func everyCharacterInADomain() throws {
    var accepted = 0
    for scalar in Self.scalars where try Self.check("a@\(scalar)b.\(scalar)\(scalar)") { accepted += 1 }
    #expect(accepted > 10_000)
  }

  /// All that Unicode means to be ignored, in whatever place.
  @Test func whatIsIgnoredIsRefused() {
    for scalar in Self.scalars where scalar.properties.isDefaultIgnorableCodePoint {
      for text in ["a\(scalar)@b", "\(scalar)é@b", "a@b\(scalar)", "a@é\(scalar).d", "a@xn--b\(scalar)"] {
        #expect(throws: EmailProblem.self) { try EmailAddress(text) }
      }
    }
  }

  /// Upper, lower and title case of a letter, composed or not, are one mailbox.
  @Test func casesAreOneAddress() throws {
    for scalar in Self.scalars {
      guard let form = try? EmailAddress("\(scalar)@b").normalForm else { continue }
      // The dotless i has the capital of the dotted one, and stays another letter: toCasefold without a locale.
      if scalar == "\u{131}" { continue }
      let cases = scalar.properties
      for other in [cases.uppercaseMapping, cases.titlecaseMapping] {
        // What the library's Unicode lacks is refused; what it has, it folds.
        guard let otherForm = try? EmailAddress("\(other)@b").normalForm else { continue }
        #expect(otherForm.utf8.elementsEqual(form.utf8), "U+\(String(scalar.value, radix: 16))")
      }
    }
  }

  /// Texts of what makes trouble: marks, joiners, scripts of both directions, A-labels whole and broken.
  @Test(arguments: 0..<8) func anyText(seed: UInt64) throws {
    var chance = Chance(state: seed)
    let pieces: [String] = [
      "a", "Z", "9", "-", ".", "..", "@", "xn--", "XN--", "ｘn--", "xn--mnchen-3ya", "xn--fa-hia", "mnchen-3ya", "ß",
      "ẞ", "ς", "Σ", "İ", "ı", "ﬁ", "ŉ", "ΐ", "\u{390}", "\u{345}", "\u{301}", "\u{308}", "\u{323}", "\u{338}",
      "\u{37e}", "\u{958}", "א", "ش", "١", "·", "・", "々", "。", "．", "㏂", "\u{200c}", "\u{200d}", "\u{ad}",
      "\u{3164}", "क\u{94d}", "각", "\u{1100}\u{1161}\u{11a8}", "🦊", "\u{fe0f}", "\u{1e9e}", "Ꭰ", "\u{2126}",
      "\u{212a}", "\u{1f88}", "\u{fb1d}", "\u{2f800}", "\0", " ", "\"",
    ]
    var accepted = 0
    for _ in 0..<3_000 {
      var text = chance.next() % 4 == 0 ? "" : "a@"
      for _ in 0..<chance.next() % 12 {
        if chance.next() % 5 == 0, let scalar = Unicode.Scalar(UInt32(chance.next() % 0x11_0000)) {
          text.unicodeScalars.append(scalar)
        } else {
          text += pieces[Int(chance.next() % UInt64(pieces.count))]
        }
      }
      if try Self.check(text) { accepted += 1 }
      if try Self.check(text.replacing("a@", with: "") + "@b") { accepted += 1 }
    }
    #expect(accepted > 100)
  }

  /// Long runs of one thing: what the libraries are given is bounded, and none of it is too much.
  @Test func longTexts() throws {
    for scalar in ["é", "\u{301}", "ẞ", "ﷺ", "\u{1f88}", "각", "🦊", "xn--", "a.", "é.", "\u{958}", "-"] {
      for count in [1, 15, 16, 20, 21, 31, 32, 62, 63, 64, 83, 84, 126, 127, 254, 255, 5000] {
        let text = String(repeating: scalar, count: count)
        for address in ["\(text)@b", "a@\(text)", "a@xn--\(text)", "a@\(text)b", "\(text)@\(text)"] {
          _ = try Self.check(address)
        }
      }
    }
  }
}

/// SplitMix64: the same texts in every run.
private struct Chance {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }
}
