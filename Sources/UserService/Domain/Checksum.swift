/// FNV-1a over 64 bits, with a last mix so that every bit of the input reaches every bit of the sum. It finds accidents
/// and mix-ups; it is no defence against somebody who computes it too.
struct Checksum {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

  mutating func add(_ word: UInt64) {
    for shift in stride(from: 56 as UInt64, through: 0, by: -8) { add(UInt8(truncatingIfNeeded: word >> shift)) }
  }

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { add(byte) }
  }

  var value: UInt64 { Self.mix(state) }

  /// The finalizer of MurmurHash3.
  static func mix(_ word: UInt64) -> UInt64 {
    var word = word
    word = (word ^ word >> 33) &* 0xff51_afd7_ed55_8ccd
    word = (word ^ word >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return word ^ word >> 33
  }
}
