/// Times and durations as ProtoJSON writes them: RFC 3339 in UTC, and seconds with an `s`.
/// <https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp>
enum JSONTime {
  /// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, in seconds since 1970.
  static let timestamps: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
  /// Ten thousand years.
  static let durations: ClosedRange<Int64> = -315_576_000_000...315_576_000_000
  private static let nanosOfSecond: ClosedRange<Int32> = 0...999_999_999

  // MARK: Printing

  static func print(timestamp seconds: Int64, _ nanos: Int32, to output: inout ByteBuffer) throws(JSONError) {
    guard timestamps.contains(seconds), nanosOfSecond.contains(nanos) else {
      throw JSONError(.outOfRange, "a timestamp lies between the years 1 and 9999, with 0 to 999,999,999 nanoseconds")
    }
    let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let secondOfDay = seconds - days * 86_400
    let (year, month, day) = date(days)
    output.append(UInt8(ascii: "\""))
    output.append(decimal: UInt64(year), width: 4)
    output.append(UInt8(ascii: "-"))
    output.append(decimal: UInt64(month), width: 2)
    output.append(UInt8(ascii: "-"))
    output.append(decimal: UInt64(day), width: 2)
    output.append(UInt8(ascii: "T"))
    output.append(decimal: UInt64(secondOfDay / 3600), width: 2)
    output.append(UInt8(ascii: ":"))
    output.append(decimal: UInt64(secondOfDay / 60 % 60), width: 2)
    output.append(UInt8(ascii: ":"))
    output.append(decimal: UInt64(secondOfDay % 60), width: 2)
    print(fraction: nanos, to: &output)
    output.append("Z\"")
  }

  static func print(duration seconds: Int64, _ nanos: Int32, to output: inout ByteBuffer) throws(JSONError) {
    guard durations.contains(seconds), (-999_999_999...999_999_999).contains(nanos),
      seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0)
    else {
      throw JSONError(.outOfRange, "a duration is at most 10,000 years, its nanoseconds have the sign of its seconds")
    }
    output.append(UInt8(ascii: "\""))
    if seconds < 0 || nanos < 0 { output.append(UInt8(ascii: "-")) }
    output.append(decimal: seconds.magnitude)
    print(fraction: abs(nanos), to: &output)
    output.append("s\"")
  }

  /// Nothing, or 3, 6 or 9 digits.
  private static func print(fraction nanos: Int32, to output: inout ByteBuffer) {
    guard nanos != 0 else { return }
    output.append(UInt8(ascii: "."))
    let value = UInt64(nanos)
    if value % 1_000_000 == 0 {
      output.append(decimal: value / 1_000_000, width: 3)
    } else if value % 1000 == 0 {
      output.append(decimal: value / 1000, width: 6)
    } else {
      output.append(decimal: value, width: 9)
    }
  }

  // MARK: Reading

  /// Seconds and nanoseconds; nil if the text is not an RFC 3339 time, or if it is out of range.
  static func timestamp(_ text: UnsafeBufferPointer<UInt8>) -> (seconds: Int64, nanos: Int32)? {
    var text = TimeText(text)
    guard let year = text.digits(4), text.take("-"), let month = text.digits(2), text.take("-"),
      let day = text.digits(2), text.take("T"), let hour = text.digits(2), text.take(":"),
      let minute = text.digits(2), text.take(":"), let second = text.digits(2),
      year >= 1, (1...12).contains(month), day >= 1, day <= days(in: month, of: year), hour < 24, minute < 60,
      second < 60,
      let nanos = text.fraction()
    else { return nil }
    var seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    if !text.take("Z") {
      let isEast = text.take("+")
      guard isEast || text.take("-"), let hours = text.digits(2), text.take(":"), let minutes = text.digits(2),
        hours < 24, minutes < 60
      else { return nil }
      seconds += (isEast ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
    guard text.isAtEnd, timestamps.contains(seconds) else { return nil }
    return (seconds, nanos)
  }

  /// Seconds and nanoseconds; nil if the text is not a duration, or if it is out of range.
  static func duration(_ text: UnsafeBufferPointer<UInt8>) -> (seconds: Int64, nanos: Int32)? {
    var text = TimeText(text)
    let isNegative = text.take("-")
    guard let seconds = text.number(), let nanos = text.fraction(), text.take("s"), text.isAtEnd,
      durations.contains(seconds)
    else { return nil }
    return isNegative ? (-seconds, -nanos) : (seconds, nanos)
  }

  // MARK: The calendar

  /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, counted in eras of 400 years from March on.
  /// <https://howardhinnant.github.io/date_algorithms.html>
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // No year before 1 comes here, so that nothing is negative.
    let days = days + 719_468
    let era = days / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let part = (5 * dayOfYear + 2) / 153
    let month = part < 10 ? part + 3 : part - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1)
  }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// Reads the parts of a time from the front of a text.
private struct TimeText {
  private let text: UnsafeBufferPointer<UInt8>
  private var index = 0

  init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

  var isAtEnd: Bool { index == text.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard index < text.count, UInt32(text[index]) == character.value else { return false }
    index += 1
    return true
  }

  /// Exactly `count` digits.
  mutating func digits(_ count: Int) -> Int64? {
    guard text.count - index >= count else { return nil }
    var value: Int64 = 0
    for _ in 0..<count {
      guard text[index].isDigit else { return nil }
      value = value * 10 + Int64(text[index] &- UInt8(ascii: "0"))
      index += 1
    }
    return value
  }

  /// One to twelve digits.
  mutating func number() -> Int64? {
    var count = 0
    while count < 13, index + count < text.count, text[index + count].isDigit { count += 1 }
    return (1...12).contains(count) ? digits(count) : nil
  }

  /// Nanoseconds: a point and one to nine digits, or nothing.
  mutating func fraction() -> Int32? {
    guard take(".") else { return 0 }
    var value: Int32 = 0
    var count = 0
    while index < text.count, text[index].isDigit {
      guard count < 9 else { return nil }
      value = value * 10 + Int32(text[index] &- UInt8(ascii: "0"))
      count += 1
      index += 1
    }
    guard count > 0 else { return nil }
    for _ in count..<9 { value *= 10 }
    return value
  }
}
