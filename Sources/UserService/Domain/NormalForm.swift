import Foundation

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

  /// Lower case and NFC. Composed before and after: lower case may take a composed letter apart, and differs for
  /// letters that are not composed. Locale plays no part.
  static func folded(_ text: String) -> String {
    var text = text
    if let ascii = text.withUTF8({ foldedASCII($0) }) { return ascii }
    return text.precomposedStringWithCanonicalMapping.lowercased().precomposedStringWithCanonicalMapping
  }

  /// Nearly all addresses are ASCII, which is NFC already. Nil if this one is not.
  private static func foldedASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    guard bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
    return String(unsafeUninitializedCapacity: bytes.count) { buffer in
      for index in 0..<bytes.count {
        let byte = bytes[index]
        let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
        buffer[index] = isUpper ? byte | 0x20 : byte
      }
      return bytes.count
    }
  }
}
