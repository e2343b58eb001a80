/// The id of a user: a UUID. Two words, no allocation.
public struct UserID: Sendable, Hashable {
  /// The first eight bytes of the UUID, big endian.
  public let high: UInt64
  /// The last eight bytes of the UUID, big endian.
  public let low: UInt64

  /// The UUID of these halves, whatever its version.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The nil UUID. No user gets it, because too many programs take it for "none": RFC 9562, section 5.9.
  package static let `nil` = UserID(high: 0, low: 0)
}

extension UserID: Comparable {
  /// The order of the bytes, which is also Postgres's order of `uuid`.
  public static func < (left: UserID, right: UserID) -> Bool {
    left.high == right.high ? left.low < right.low : left.high < right.high
  }
}
