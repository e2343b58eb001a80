internal import CCrypt
internal import COpenSSL
internal import Glibc

/// crypt(3) of libxcrypt. It blocks its thread for as long as the scheme means it to; any thread may call it.
enum Crypt {
  /// The hash of a phrase by a setting (or by a hash, whose beginning is its setting). Nil if the setting is invalid,
  /// or there is no memory.
  static func hash(_ phrase: String, _ setting: String) -> String? {
    var data: UnsafeMutableRawPointer?
    var size: Int32 = 0
    defer {
      // The scheme may have left parts of the phrase there.
      if let data { OPENSSL_cleanse(data, Int(size)) }
      free(data)
    }
    guard let hash = crypt_ra(phrase, setting, &data, &size) else { return nil }
    let text = String(cString: hash)
    return text.hasPrefix("*") ? nil : text
  }

  /// A setting of bcrypt with a new salt: `$2b$12$` and 22 characters. Nil if OpenSSL has no random numbers.
  static func bcryptSetting(cost: Int) -> String? {
    var salt = [CChar](repeating: 0, count: 16)
    let hasSalt = salt.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: UInt8.self) { RAND_bytes($0.baseAddress, 16) == 1 }
    }
    var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
    guard hasSalt, crypt_gensalt_rn("$2b$", UInt(cost), salt, 16, &setting, Int32(setting.count)) != nil else {
      return nil
    }
    return String(decoding: setting.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether two hashes are the same, in a time that does not tell where they differ.
  static func isSame(_ one: String, _ other: String) -> Bool {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    return one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
  }
}
