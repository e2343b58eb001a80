/// The passwords that many people have. `scripts/common-passwords.sh` says where the list is from.
enum CommonPasswords {
  /// Whether a password is one of them; the case of ASCII letters does not matter.
  static func contains(_ text: String) -> Bool {
    let wanted = hash(text.utf8)
    var (low, high) = (0, hashes.count)
    while low < high {
      let middle = (low + high) / 2
      if hashes[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low < hashes.count && hashes[low] == wanted
  }

  /// A hash of eight bytes for each password instead of a string: 64 KiB. That the hash of a good password is among
  /// them by chance is improbable (1 to 10^15).
  private static let hashes: [UInt64] = {
    let bytes = UnsafeBufferPointer(start: commonPasswordList.utf8Start, count: commonPasswordList.utf8CodeUnitCount)
    return bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }.map { hash($0) }.sorted()
  }()

  /// FNV-1a.
  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes {
      let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      hash = (hash ^ UInt64(isUpper ? byte | 0x20 : byte)) &* 0x0000_0100_0000_01b3
    }
    return hash
  }
}
