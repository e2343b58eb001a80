import Primitives

/// The encoding of `grpc-message`: UTF-8, with the percent sign and each byte outside printable ASCII as %XX. Spaces at
/// the ends are encoded too: no field's value has any (RFC 9113, section 8.2.1).
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
package enum PercentEncoding {
  private static let digits = Array("0123456789ABCDEF".utf8)

  package static func encode(_ text: String) -> [UInt8] {
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.utf8.count)
    let last = text.utf8.count - 1
    for (index, byte) in text.utf8.enumerated() {
      let isSpaceAtEnd = byte == UInt8(ascii: " ") && (index == 0 || index == last)
      if isSentAsItIs(byte), !isSpaceAtEnd {
        encoded.append(byte)
      } else {
        encoded.append(UInt8(ascii: "%"))
        encoded.append(digits[Int(byte >> 4)])
        encoded.append(digits[Int(byte & 15)])
      }
    }
    return encoded
  }

  /// The number of bytes that a character takes when it is encoded, unless it is a space at an end.
  package static func size(of scalar: Unicode.Scalar) -> Int {
    let width = UTF8.width(scalar)
    return width == 1 && isSentAsItIs(UInt8(truncatingIfNeeded: scalar.value)) ? 1 : 3 * width
  }

  private static func isSentAsItIs(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "%") }

  /// Keeps what it can't decode: a bad encoding must not hide the message.
  package static func decode(_ bytes: some Collection<UInt8>) -> String {
    let input = Array(bytes)
    var decoded: [UInt8] = []
    decoded.reserveCapacity(input.count)
    var index = 0
    while index < input.count {
      if input[index] == UInt8(ascii: "%"), index + 2 < input.count,
        let high = Hex.value(of: input[index + 1]), let low = Hex.value(of: input[index + 2])
      {
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(input[index])
        index += 1
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }
}
