/// Passwords that an operator refuses, beside the most common ones: those of a leak, or the name of the company.
/// Eight bytes of memory for each.
public struct RefusedPasswords: Sendable {
  private let hashes: [UInt64]

  /// None.
  public init() { hashes = [] }

  /// - Parameter text: UTF-8, one on each line. The case of ASCII letters does not matter; empty lines are ignored.
  public init(lines text: [UInt8]) {
    let lines = text.split(separator: UInt8(ascii: "\n")).map { line in
      line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }
    hashes = lines.filter { !$0.isEmpty }.map { PasswordFingerprint.hash($0) }.sorted()
  }

  /// How many there are.
  public var count: Int { hashes.count }

  /// Whether a password is one of them.
  func contains(_ text: String) -> Bool { PasswordFingerprint.contains(text, in: hashes) }
}

/// Tells passwords of a list by eight bytes: that a password has those of another by chance is improbable (1 to 10^13
/// in a list of a million).
enum PasswordFingerprint {
  /// FNV-1a, of ASCII letters in lower case.
  static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes {
      let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      hash = (hash ^ UInt64(isUpper ? byte | 0x20 : byte)) &* 0x0000_0100_0000_01b3
    }
    return hash
  }

  /// - Parameter hashes: sorted.
  static func contains(_ text: String, in hashes: [UInt64]) -> Bool {
    let wanted = hash(text.utf8)
    var (low, high) = (0, hashes.count)
    while low < high {
      let middle = (low + high) / 2
      if hashes[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low < hashes.count && hashes[low] == wanted
  }
}
