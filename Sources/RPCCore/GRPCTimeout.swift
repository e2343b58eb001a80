/// The format of `grpc-timeout`: at most eight digits and a unit.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
package enum GRPCTimeout {
  /// The timeout in nanoseconds; nil if it is malformed.
  package static func parse(_ text: UnsafeRawBufferPointer) -> UInt64? {
    guard (2...9).contains(text.count), let unit = text.last else { return nil }
    var value: UInt64 = 0
    for digit in text.dropLast() {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
    }
    let scale: UInt64
    switch unit {
    case UInt8(ascii: "n"): scale = 1
    case UInt8(ascii: "u"): scale = 1_000
    case UInt8(ascii: "m"): scale = 1_000_000
    case UInt8(ascii: "S"): scale = 1_000_000_000
    case UInt8(ascii: "M"): scale = 60_000_000_000
    case UInt8(ascii: "H"): scale = 3_600_000_000_000
    default: return nil
    }
    // 99,999,999 hours in nanoseconds exceed 64 bits; the largest value, 584 years, is as good as no deadline.
    let (product, overflow) = value.multipliedReportingOverflow(by: scale)
    return overflow ? .max : product
  }
}

extension GRPCTimeout {
  /// The value for so many nanoseconds: in the finest unit that eight digits allow, rounded down, so that the server
  /// gives up no later than the client. What is less than that unit has is 1.
  package static func text(_ nanoseconds: UInt64) -> String {
    let units: [(scale: UInt64, unit: String)] = [
      (1, "n"), (1_000, "u"), (1_000_000, "m"), (1_000_000_000, "S"), (60_000_000_000, "M"),
    ]
    for (scale, unit) in units where nanoseconds / scale <= 99_999_999 {
      return "\(max(nanoseconds / scale, 1))\(unit)"
    }
    return "\(min(nanoseconds / 3_600_000_000_000, 99_999_999))H"
  }
}
