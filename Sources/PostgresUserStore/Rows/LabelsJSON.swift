import Primitives

/// Labels as a JSON object of strings, the form in which Postgres keeps them (jsonb).
///
/// Hand-written, because every GetUser reads labels: no labels cost nothing, and a few cost few allocations.
enum LabelsJSON {
  static func encode(_ labels: [String: String]) -> String {
    if labels.isEmpty { return "{}" }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(labels.reduce(2) { $0 + $1.key.utf8.count + $1.value.utf8.count + 6 })
    for (key, value) in labels {
      bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
      append(key, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      append(value, to: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func append(_ string: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    if string.utf8.allSatisfy(standsForItself) {
      bytes.append(contentsOf: string.utf8)
    } else {
      for byte in string.utf8 { appendEscaped(byte, to: &bytes) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// RFC 8259, section 7: quote, backslash and control characters are escaped, bytes of longer characters are not.
  private static func standsForItself(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
    guard !standsForItself(byte) else { return bytes.append(byte) }
    bytes.append(UInt8(ascii: "\\"))
    guard byte < 0x20 else { return bytes.append(byte) }
    bytes.append(contentsOf: "u00\(Hex.digits(byte))".utf8)
  }

  /// Nil if the text is not a JSON object whose values are strings.
  static func decode(_ text: String) -> [String: String]? {
    var text = text
    return text.withUTF8 { bytes in
      if bytes.count == 2, bytes[0] == UInt8(ascii: "{"), bytes[1] == UInt8(ascii: "}") { return [:] }
      var parser = Parser(bytes)
      return parser.object()
    }
  }

  private struct Parser {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func object() -> [String: String]? {
      // Room for all of them at once: a label has four quotes, and more only where it has escapes.
      var labels = [String: String](minimumCapacity: bytes.count { $0 == UInt8(ascii: "\"") } / 4)
      guard take("{") else { return nil }
      if !take("}") {
        repeat {
          guard let key = string(), take(":"), let value = string() else { return nil }
          labels[key] = value
        } while take(",")
        guard take("}") else { return nil }
      }
      skipSpace()
      return position == bytes.count ? labels : nil
    }

    private mutating func skipSpace() {
      while position < bytes.count {
        switch bytes[position] {
        case 0x20, 0x09, 0x0a, 0x0d: position += 1
        default: return
        }
      }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
      position += 1
      return true
    }

    /// jsonb prints strings with few escapes: mostly it is one run of bytes.
    private mutating func string() -> String? {
      guard take("\"") else { return nil }
      let start = position
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "\""):
          defer { position += 1 }
          return String(decoding: bytes[start..<position], as: UTF8.self)
        case UInt8(ascii: "\\"): return escapedString(from: start)
        case 0..<0x20: return nil
        default: position += 1
        }
      }
      return nil
    }

    private mutating func escapedString(from start: Int) -> String? {
      var unescaped = [UInt8](bytes[start..<position])
      while position < bytes.count {
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return String(validating: unescaped, as: UTF8.self)
        case UInt8(ascii: "\\"):
          guard let scalar = escape() else { return nil }
          unescaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        case 0..<0x20: return nil
        default: unescaped.append(byte)
        }
      }
      return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{c}"
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "u"): return unicodeEscape()
      default: return nil
      }
    }

    /// A character beyond the Basic Multilingual Plane takes two escapes: RFC 8259, section 7.
    private mutating func unicodeEscape() -> Unicode.Scalar? {
      guard let first = hexadecimal() else { return nil }
      guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
      guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
      else { return nil }
      position += 2
      guard let second = hexadecimal(), UTF16.isTrailSurrogate(second) else { return nil }
      return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private mutating func hexadecimal() -> UInt16? {
      guard bytes.count - position >= 4 else { return nil }
      var value: UInt16 = 0
      for byte in bytes[position..<(position + 4)] {
        guard let digit = Hex.value(of: byte) else { return nil }
        value = value << 4 | UInt16(digit)
      }
      position += 4
      return value
    }
  }
}
