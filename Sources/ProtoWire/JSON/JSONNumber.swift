/// A parsed number: `mantissa` times ten to the `exponent`.
struct JSONNumber {
  var isNegative = false
  var mantissa: UInt64 = 0
  var exponent = 0
  /// The mantissa has more digits than fit.
  var isTooLong = false

  /// - Parameter text: What `JSONReader.number()` has read.
  init(_ text: UnsafeBufferPointer<UInt8>) {
    var index = 0
    if text.first == UInt8(ascii: "-") {
      isNegative = true
      index = 1
    }
    // Zeros count only once another digit follows, so that 1.000 and 1000 need no room.
    var zeros = 0
    var isFraction = false
    while index < text.count {
      let byte = text[index]
      index += 1
      if byte.isDigit {
        if isFraction { exponent &-= 1 }
        if byte == UInt8(ascii: "0") {
          zeros &+= 1
        } else {
          let digit = UInt64(byte &- UInt8(ascii: "0"))
          if zeros == 0, mantissa < 1 << 60 {
            mantissa = mantissa &* 10 &+ digit
          } else if !isTooLong {
            (mantissa, isTooLong) = Self.append(digit, to: mantissa, behind: zeros)
          }
          zeros = 0
        }
      } else if byte == UInt8(ascii: ".") {
        isFraction = true
      } else {
        break
      }
    }
    exponent += zeros
    guard index < text.count else { return }
    // Behind the e.
    let isDivided = text[index] == UInt8(ascii: "-")
    if isDivided || text[index] == UInt8(ascii: "+") { index += 1 }
    var power = 0
    while index < text.count {
      power = min(power * 10 + Int(text[index] &- UInt8(ascii: "0")), 1 << 40)
      index += 1
    }
    exponent += isDivided ? -power : power
  }

  /// Appends `zeros` zeros and a digit to the mantissa, and returns whether it has more digits than fit.
  @inline(never)
  private static func append(_ digit: UInt64, to mantissa: UInt64, behind zeros: Int) -> (UInt64, isTooLong: Bool) {
    guard mantissa != 0 else { return (digit, false) }
    var mantissa = mantissa
    for _ in 0...zeros {
      let (next, overflow) = mantissa.multipliedReportingOverflow(by: 10)
      if overflow { return (mantissa, true) }
      mantissa = next
    }
    let (sum, overflow) = mantissa.addingReportingOverflow(digit)
    return (sum, overflow)
  }

  /// The absolute value, if it is an integer that fits.
  var magnitude: UInt64? {
    guard !isTooLong else { return nil }
    guard mantissa != 0 else { return 0 }
    var result = mantissa
    var exponent = exponent
    while exponent > 0 {
      let (next, overflow) = result.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      result = next
      exponent -= 1
    }
    while exponent < 0 {
      guard result % 10 == 0 else { return nil }
      result /= 10
      exponent += 1
    }
    return result
  }

  var int64: Int64? {
    guard let magnitude else { return nil }
    if !isNegative { return Int64(exactly: magnitude) }
    return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
  }

  var uint64: UInt64? {
    guard let magnitude else { return nil }
    return isNegative && magnitude != 0 ? nil : magnitude
  }

  /// The nearest number, if one multiplication or division of exact numbers finds it, which is nearly always the case.
  /// (W. D. Clinger, How to Read Floating Point Numbers Accurately, 1990.)
  private var quick: Double? {
    guard !isTooLong, mantissa <= 1 << 53, abs(exponent) <= 22 else { return nil }
    let power = Self.powers[abs(exponent)]
    let value = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    return isNegative ? -value : value
  }

  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21,
    1e22,
  ]

  /// The nearest number for every mantissa that is to be divided by a power of ten whose fives fit in 64 bits. So it
  /// finds doubles of 17 digits, which `quick` does not.
  private func quotient<T: BinaryFloatingPoint>(as _: T.Type) -> T? {
    guard mantissa != 0 else { return isNegative ? -0.0 : 0 }
    guard !isTooLong, -27...0 ~= exponent else { return nil }
    let divisor = Self.fives[-exponent]
    let (up, down) = (mantissa.leadingZeroBitCount, divisor.leadingZeroBitCount)
    // Both with their highest bits in front, and the dividend halved, so that the quotient has 63 or 64 bits.
    let dividend = mantissa &<< UInt64(up)
    let (quotient, remainder) = (divisor &<< UInt64(down)).dividingFullWidth((dividend &>> 1, dividend &<< 63))
    // It is rounded once, here: its last bit, far below those that stay, says that more would follow.
    let value = T(remainder == 0 ? quotient : quotient | 1)
    // Times a power of two, which is exact.
    return T(sign: isNegative ? .minus : .plus, exponent: T.Exponent(down - up - 63 + exponent), significand: value)
  }

  private static let fives: [UInt64] = (0...27).map { power in (0..<power).reduce(1) { product, _ in product * 5 } }

  /// The nearest number; nil if that is beyond the largest finite one.
  static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    let number = JSONNumber(text)
    if let value = number.quick ?? number.quotient(as: Double.self) { return value }
    return finite(Double(String(decoding: text, as: UTF8.self)))
  }

  static func float(_ text: UnsafeBufferPointer<UInt8>) -> Float? {
    // Not by way of Double: rounding twice may miss the nearest.
    if let value = JSONNumber(text).quotient(as: Float.self) { return value }
    return finite(Float(String(decoding: text, as: UTF8.self)))
  }

  private static func finite<T: BinaryFloatingPoint>(_ value: T?) -> T? {
    guard let value, value.isFinite else { return nil }
    return value
  }
}
