internal import Primitives

/// A user's etag: stands for one version of one user, byte for byte (a strong validator, RFC 9110, section 8.8.1).
///
/// It holds the version, so that a write can compare it in the database, inside the statement that changes the row.
/// It is masked with the user's id and has a checksum of both, so that clients can't interpret it, and the etag of
/// another user doesn't match. Eleven bytes make fifteen characters, which Swift stores without an allocation.
/// https://google.aip.dev/154
enum Etag {
  private static let byteCount = 11

  static func make(_ id: UserID, version: Int64) -> String {
    let masked = UInt64(bitPattern: version) ^ mask(id)
    return withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 1) { buffer in
      for index in 0..<8 { buffer[index] = UInt8(truncatingIfNeeded: masked >> UInt64(56 - 8 * index)) }
      let sum = sum(id, masked)
      for index in 0..<3 { buffer[8 + index] = UInt8(truncatingIfNeeded: sum >> UInt64(8 * index)) }
      return Base64URL.encode(UnsafeRawBufferPointer(buffer))
    }
  }

  /// The version that an etag stands for; nil if it is not one of this user's.
  static func version(of etag: String, for id: UserID) -> Int64? {
    guard etag.utf8.count == 15, let bytes = Base64URL.decode(etag), bytes.count == byteCount else { return nil }
    let masked = bytes[..<8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let sum = sum(id, masked)
    for index in 0..<3 where bytes[8 + index] != UInt8(truncatingIfNeeded: sum >> UInt64(8 * index)) { return nil }
    return Int64(bitPattern: masked ^ mask(id))
  }

  private static func mask(_ id: UserID) -> UInt64 { mix(id.high ^ mix(id.low)) }
  private static func sum(_ id: UserID, _ masked: UInt64) -> UInt64 { mix(masked &+ mask(id) &* 3) }

  /// The finalizer of MurmurHash3: every bit of the input affects every bit of the result. It detects accidents and
  /// mix-ups; it does not protect against somebody who computes it too.
  private static func mix(_ word: UInt64) -> UInt64 {
    var word = word
    word = (word ^ word >> 33) &* 0xff51_afd7_ed55_8ccd
    word = (word ^ word >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return word ^ word >> 33
  }
}
