/// Which characters callers may use in text.
enum TextRules {
  /// Not a space, a control, format, private-use or unassigned character, nor any other that shows nothing. Two
  /// addresses must not differ only in what nobody can see.
  static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
      false
    default: !(scalar.properties.isDefaultIgnorableCodePoint || isBlank(scalar))
    }
  }

  /// Letters and symbols whose glyphs are empty by design, and which no Unicode property tells apart from others: the
  /// Braille pattern without dots, the null notehead, Khitan's filler, the blanks of hieroglyphs.
  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\u{2800}", "\u{1d159}", "\u{16fe4}", "\u{13441}", "\u{13442}": true
    default: false
    }
  }

  /// Whether a text has a character that controls something instead of being read: a control character (such as NUL,
  /// which Postgres can't store, or a line end), a line or paragraph separator, or an embedding, override or isolate of
  /// Unicode's bidirectional algorithm, which also turns the text around it (CVE-2021-42574). Joiners and variation
  /// selectors are allowed, because names and emoji need them, and so are direction marks (U+200E, U+200F, U+061C),
  /// which affect no other text.
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
