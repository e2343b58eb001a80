internal import Glibc

/// What templates can ask for: the same names as ghz has.
package struct TemplateValues: Sendable {
  /// The number of the call, from 0.
  package var requestNumber: Int
  /// The number of the worker that makes it, from 0.
  package var worker: Int
  /// The full name of the method: `users.v1.UserService/GetUser`.
  package var method: String

  package init(requestNumber: Int, worker: Int, method: String) {
    self.requestNumber = requestNumber
    self.worker = worker
    self.method = method
  }

  /// The time as seconds, and nanoseconds of the second, since 1970.
  static func clock() -> (seconds: Int64, nanoseconds: Int64) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return (Int64(time.tv_sec), Int64(time.tv_nsec))
  }
}

extension TemplateValues {
  var service: Substring { method.prefix { $0 != "/" } }

  /// A random UUID of version 4 (RFC 9562, section 5.4).
  static func uuid(using random: inout some RandomNumberGenerator) -> String {
    let high = UInt64.random(in: .min ... .max, using: &random) & ~0xf000 | 0x4000
    let low = UInt64.random(in: .min ... .max, using: &random) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    let digits = hex(high) + hex(low)
    let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(decoding: digits[$0], as: UTF8.self) }
    return parts.joined(separator: "-")
  }

  private static func hex(_ value: UInt64) -> [UInt8] {
    (0..<16).map { Array("0123456789abcdef".utf8)[Int(value >> UInt64(60 - 4 * $0) & 15)] }
  }

  /// Letters and digits.
  static func randomString(_ count: Int, using random: inout some RandomNumberGenerator) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
    let bytes = (0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The time as RFC 3339, in UTC, in whole seconds.
  package static func timestamp() -> String { timestamp(clock().seconds) }

  /// Seconds since 1970 as RFC 3339.
  static func timestamp(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
  }
}
