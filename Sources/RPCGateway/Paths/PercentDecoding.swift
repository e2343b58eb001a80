/// Percent-encoding of paths and queries. RFC 3986, section 2.1.
enum PercentDecoding {
  /// The decoded bytes; nil if a `%` is not followed by two hexadecimal digits.
  /// - Parameters:
  ///   - keepsSlashes: leaves `%2F` as it is, so that what it stands for is not taken for a separator.
  ///   - plusIsSpace: as in a query that a form has made.
  static func decode(
    _ bytes: some Collection<UInt8>, keepsSlashes: Bool = false, plusIsSpace: Bool = false
  ) -> [UInt8]? {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var rest = bytes.makeIterator()
    while let byte = rest.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = rest.next(), let low = rest.next(), let first = digit(high), let second = digit(low) else {
          return nil
        }
        let value = first << 4 | second
        output += keepsSlashes && value == UInt8(ascii: "/") ? [byte, high, low] : [value]
      case UInt8(ascii: "+") where plusIsSpace: output.append(UInt8(ascii: " "))
      default: output.append(byte)
      }
    }
    return output
  }

  /// The same as text; nil also if it is not UTF-8.
  static func text(
    _ bytes: some Collection<UInt8>, keepsSlashes: Bool = false, plusIsSpace: Bool = false
  ) -> String? {
    decode(bytes, keepsSlashes: keepsSlashes, plusIsSpace: plusIsSpace).flatMap {
      String(validating: $0, as: UTF8.self)
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
