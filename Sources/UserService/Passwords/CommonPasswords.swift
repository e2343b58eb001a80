/// The passwords that many people have. `scripts/common-passwords.sh` says where the list is from.
enum CommonPasswords {
  /// Whether a password is one of them; the case of ASCII letters does not matter.
  static func contains(_ text: String) -> Bool { PasswordFingerprint.contains(text, in: hashes) }

  /// A hash of eight bytes for each password instead of a string: 64 KiB.
  private static let hashes: [UInt64] = {
    let bytes = UnsafeBufferPointer(start: commonPasswordList.utf8Start, count: commonPasswordList.utf8CodeUnitCount)
    return bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }.map { PasswordFingerprint.hash($0) }
      .sorted()
  }()
}
