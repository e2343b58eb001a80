/// Which characters text from outside may have.
enum TextRules {
  /// Neither space nor control, format, private-use or unassigned character, nor any other that shows nothing. What
  /// cannot be seen must not tell two addresses apart.
  static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
      false
    default: !(scalar.properties.isDefaultIgnorableCodePoint || isBlank(scalar))
    }
  }

  /// Letters and symbols whose picture is empty by design, and which no property of Unicode tells from others: Braille
  /// without dots, the note without a head, Khitan's filler, the blanks of hieroglyphs.
  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\u{2800}", "\u{1d159}", "\u{16fe4}", "\u{13441}", "\u{13442}": true
    default: false
    }
  }

  /// Whether text for people has a character that is none: control characters (NUL, which Postgres cannot store, and
  /// line ends among them), the line and paragraph separators, and the embeddings, overrides and isolates of Unicode's
  /// bidirectional algorithm, which turn the text around them too (CVE-2021-42574). Joiners and variation selectors are
  /// part of how names and emoji are written, and direction marks (U+200E, U+200F, U+061C) move nothing else.
  static func hasControlCharacter(_ text: String) -> Bool {
    for scalar in text.unicodeScalars {
      if scalar.isASCII {
        if scalar.value < 0x20 || scalar.value == 0x7f { return true }
        continue
      }
      switch scalar {
      case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}": return true
      default: break
      }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: return true
      default: continue
      }
    }
    return false
  }
}
