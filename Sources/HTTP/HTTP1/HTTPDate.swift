/// A time as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT". RFC 9110, section 5.6.7.
struct HTTPDate: CustomStringConvertible {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  let description: String

  /// - Parameter seconds: since 1970; before that, and after the year 9999, the nearest time between.
  init(unixTime seconds: Int64) {
    let seconds = Int(min(max(seconds, 0), 253_402_300_799))
    let (day, second) = (seconds / 86_400, seconds % 86_400)
    // Years begin in March here, so that the leap day is the last one:
    // https://howardhinnant.github.io/date_algorithms.html#civil_from_days
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = (shiftedMonth + 2) % 12
    let year = yearOfEra + era * 400 + (month < 2 ? 1 : 0)
    let time = [second / 3600, second / 60 % 60, second % 60].map(Self.padded).joined(separator: ":")
    description = "\(Self.days[day % 7]), \(Self.padded(dayOfMonth)) \(Self.months[month]) \(year) \(time) GMT"
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
