import CUnistring
import Glibc

/// Text made comparable: two spellings of the same text have the same normal form. It is stored, so it must not change
/// once there is data.
enum NormalForm {
  /// Without white space at either end: Unicode's White_Space property, line ends included.
  static func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    if first == scalars.startIndex, scalars.index(after: last) == scalars.endIndex { return text }
    return String(scalars[first...last])
  }

  /// NFC(toCasefold(NFD(text))): Unicode's canonical caseless match (D145 of chapter 3.13), composed in the end. Locale
  /// plays no part. Both stay as they are in every later version of Unicode, for characters that this one has: others
  /// are refused (https://www.unicode.org/policies/stability_policy.html).
  ///
  /// Not NFKC_Casefold: addresses should not be in NFKC, which may lose what is needed to spell a name (RFC 6532,
  /// section 3.1); and it drops invisible characters, which are refused here instead, so that nobody has to guess what
  /// was meant.
  static func folded(_ text: Substring) throws(EmailProblem) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return lowercasedASCII(text) }
    for scalar in text.unicodeScalars where !cunistring_is_assigned(scalar.value) {
      throw .forbiddenCharacter
    }
    var text = String(text)
    let folded: String? = text.withUTF8 { bytes in
      var count = 0
      // Nil when there is no memory left: no text, rather than one that was not folded.
      guard let start = bytes.baseAddress, let result = cunistring_fold(start, bytes.count, &count) else { return nil }
      defer { free(result) }
      return String(decoding: UnsafeBufferPointer(start: result, count: count), as: UTF8.self)
    }
    guard let folded else { throw .forbiddenCharacter }
    return folded
  }

  /// The letters of ASCII in lower case, all others as they are: what `folded` makes of ASCII, and nearly all addresses
  /// are.
  static func lowercasedASCII(_ text: Substring) -> String {
    var text = text
    return text.withUTF8 { bytes in
      String(unsafeUninitializedCapacity: bytes.count) { buffer in
        for index in 0..<bytes.count {
          let byte = bytes[index]
          let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
          buffer[index] = isUpper ? byte | 0x20 : byte
        }
        return bytes.count
      }
    }
  }
}
