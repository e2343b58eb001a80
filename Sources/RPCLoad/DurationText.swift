/// Durations as text, in the form of Go, which users of ghz know: `500ms`, `1m30s`, `1.5h`; a bare number is seconds.
package enum DurationText {
  private static let units: [(name: String, nanoseconds: Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
  ]

  /// Nanoseconds of the text; nil if it is no duration, or one of more than 290 years.
  package static func nanoseconds(_ text: String) -> UInt64? {
    if let seconds = Double(text) { return whole(seconds * 1e9) }
    var rest = Substring(text)
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
      rest = rest.dropFirst(number.count)
      let name = rest.prefix { !(("0"..."9").contains($0) || $0 == ".") }
      rest = rest.dropFirst(name.count)
      guard let value = Double(number), let unit = units.first(where: { $0.name == name }) else { return nil }
      total += value * unit.nanoseconds
    }
    return whole(total)
  }

  private static func whole(_ nanoseconds: Double) -> UInt64? {
    nanoseconds >= 0 && nanoseconds < 9.2e18 ? UInt64(nanoseconds.rounded()) : nil
  }

  /// A time for people, in the unit that fits, with three digits or more: `12.3 ms`.
  package static func short(_ nanoseconds: Double) -> String {
    switch nanoseconds {
    case ..<1e3: "\(Decimal.text(nanoseconds, 0)) ns"
    case ..<1e6: "\(Decimal.text(nanoseconds / 1e3, 2)) us"
    case ..<1e9: "\(Decimal.text(nanoseconds / 1e6, 2)) ms"
    default: "\(Decimal.text(nanoseconds / 1e9, 2)) s"
    }
  }
}

/// Numbers as text, without a locale.
package enum Decimal {
  /// A number with so many digits behind the point, at most 9.
  package static func text(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, value.magnitude < 9e9 else { return "\(value)" }
    var scale: Int64 = 1
    for _ in 0..<min(max(digits, 0), 9) { scale *= 10 }
    let scaled = Int64((value.magnitude * Double(scale)).rounded())
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard scale > 1 else { return sign + "\(scaled)" }
    let fraction = "\(scaled % scale)"
    return "\(sign)\(scaled / scale).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
  }
}
