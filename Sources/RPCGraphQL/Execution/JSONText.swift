/// Writes JSON. RFC 8259.
enum JSONText {
  private static let digits = Array("0123456789abcdef".utf8)

  /// A string with its quotes. The bytes must be UTF-8.
  @inline(__always)
  static func append(string bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    var start = 0
    for index in 0..<bytes.count {
      let byte = bytes[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
      start = index + 1
      output.append(UInt8(ascii: "\\"))
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
      case 0x0a: output.append(UInt8(ascii: "n"))
      case 0x0d: output.append(UInt8(ascii: "r"))
      case 0x09: output.append(UInt8(ascii: "t"))
      default:
        output.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
        output.append(digits[Int(byte >> 4)])
        output.append(digits[Int(byte & 15)])
      }
    }
    output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start...]))
    output.append(UInt8(ascii: "\""))
  }

  static func append(string text: String, to output: inout [UInt8]) {
    var text = text
    text.withUTF8 { append(string: UnsafeRawBufferPointer($0), to: &output) }
  }

  static func string(_ text: String) -> [UInt8] {
    var output: [UInt8] = []
    append(string: text, to: &output)
    return output
  }
}

extension [UInt8] {
  @inline(__always)
  mutating func append(ascii text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
