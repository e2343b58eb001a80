/// A google.protobuf.Timestamp as RFC 3339 writes it, in UTC, with 0, 3, 6 or 9 digits of a second.
/// https://protobuf.dev/programming-guides/json/
enum DateTimeText {
  /// - Returns: false if the bytes are none, or outside of the years 1 to 9999.
  static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Bool {
    var seconds: Int64 = 0
    var nanos: Int64 = 0
    var scan = WireScan(bytes)
    while scan.next() {
      if scan.field == 1 { seconds = Int64(bitPattern: scan.slot.number) }
      if scan.field == 2 { nanos = Int64(bitPattern: scan.slot.number) }
    }
    guard !scan.isMalformed, (-62_135_596_800...253_402_300_799).contains(seconds), (0..<1_000_000_000).contains(nanos)
    else { return false }
    let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let second = seconds - days * 86_400
    let (year, month, day) = date(days)
    output.append(UInt8(ascii: "\""))
    append(year, 4, to: &output)
    output.append(UInt8(ascii: "-"))
    append(month, 2, to: &output)
    output.append(UInt8(ascii: "-"))
    append(day, 2, to: &output)
    output.append(UInt8(ascii: "T"))
    append(second / 3600, 2, to: &output)
    output.append(UInt8(ascii: ":"))
    append(second / 60 % 60, 2, to: &output)
    output.append(UInt8(ascii: ":"))
    append(second % 60, 2, to: &output)
    if nanos > 0 {
      output.append(UInt8(ascii: "."))
      if nanos % 1_000_000 == 0 {
        append(nanos / 1_000_000, 3, to: &output)
      } else if nanos % 1000 == 0 {
        append(nanos / 1000, 6, to: &output)
      } else {
        append(nanos, 9, to: &output)
      }
    }
    output.append(ascii: "Z\"")
    return true
  }

  /// The proleptic Gregorian date of a day since 1970, by years that begin in March and eras of 400 of them.
  private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  private static func append(_ value: Int64, _ width: Int, to output: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<width { divisor *= 10 }
    for _ in 0..<width {
      output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }
}
