/// Which characters text from outside may have.
enum TextRules {
  /// Neither space nor control, format, private-use or unassigned character. What cannot be seen must not tell two
  /// addresses apart.
  static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
      false
    default: true
    }
  }

  /// Whether text for people has a character that is none: control characters (NUL, which Postgres cannot store, and
  /// line ends among them), and the line and paragraph separators.
  static func hasControlCharacter(_ text: String) -> Bool {
    for scalar in text.unicodeScalars {
      if scalar.isASCII {
        if scalar.value < 0x20 || scalar.value == 0x7f { return true }
        continue
      }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: return true
      default: continue
      }
    }
    return false
  }
}
