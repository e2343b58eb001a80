internal import COpenSSL
internal import Glibc

/// How long a certificate is valid.
public struct TLSValidity: Sendable, Hashable {
  /// The file of the chain, or what stands for one.
  public let source: String
  /// When the first certificate of the chain ends, in seconds since 1970.
  public let end: Int64

  /// - Throws: `TLSError` if the certificate itself has expired or is not valid yet. Others of the chain may have:
  ///   clients that know their successors don't mind.
  init(of context: OpaquePointer, source: String, now: Int64) throws(TLSError) {
    var start: Int64 = 0
    var end: Int64 = 0
    var chainEnd: Int64 = 0
    guard copenssl_validity(context, &start, &end, &chainEnd) == 1 else {
      throw .latest(.credentials, "\(source) does not say how long it is valid")
    }
    guard now >= start else {
      throw TLSError(.credentials, "\(source) is not valid before \(WallClock.text(start))", validFrom: start)
    }
    guard now < end else {
      throw TLSError(.credentials, "\(source) has expired: it was valid until \(WallClock.text(end))")
    }
    self.source = source
    self.end = chainEnd
  }

  /// The end, for people.
  public var endText: String { WallClock.text(end) }
}

/// The time of day, by which certificates go.
public enum WallClock {
  /// Seconds since 1970.
  public static func seconds() -> Int64 { Int64(time(nil)) }

  /// As RFC 3339 writes it: 2026-11-25T06:12:40Z.
  public static func text(_ seconds: Int64) -> String {
    var moment = time_t(seconds)
    var parts = tm()
    gmtime_r(&moment, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
      + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
  }
}
