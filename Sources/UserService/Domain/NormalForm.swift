import CUnistring
import Glibc

/// Normal forms of text, in which two spellings of the same text are equal. They are stored, so the rule must not
/// change once there is data.
enum NormalForm {
  /// The text without white space at either end: Unicode's White_Space property, which includes line ends.
  static func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    if first == scalars.startIndex, scalars.index(after: last) == scalars.endIndex { return text }
    return String(scalars[first...last])
  }

  /// NFC(toCasefold(NFD(text))): Unicode's canonical caseless match (D145 of chapter 3.13), then composed. It does not
  /// depend on the locale. Unicode keeps both steps stable for characters that it has assigned
  /// (https://www.unicode.org/policies/stability_policy.html); characters unknown to this version are refused.
  ///
  /// Not NFKC_Casefold: addresses should not be in NFKC, which may lose distinctions that names need (RFC 6532, section
  /// 3.1), and it silently drops invisible characters, which the service refuses instead.
  static func folded(_ text: Substring) throws(EmailProblem) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return lowercasedASCII(text) }
    for scalar in text.unicodeScalars where !cunistring_is_assigned(scalar.value) {
      throw .forbiddenCharacter
    }
    var text = String(text)
    let folded: String? = text.withUTF8 { bytes in
      var count = 0
      // Nil if there is no memory: better no text than one that was not folded.
      guard let start = bytes.baseAddress, let result = cunistring_fold(start, bytes.count, &count) else { return nil }
      defer { free(result) }
      return String(decoding: UnsafeBufferPointer(start: result, count: count), as: UTF8.self)
    }
    guard let folded else { throw .forbiddenCharacter }
    return folded
  }

  /// ASCII letters in lower case, everything else unchanged. For ASCII, which nearly all addresses are, this is the
  /// same as `folded`.
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
