internal import COpenSSL

/// HMAC with SHA-256. RFC 2104.
package enum HMAC {
  /// 32 bytes. Nil if OpenSSL is out of memory.
  package static func sha256(_ text: UnsafeRawBufferPointer, key: [UInt8]) -> [UInt8]? {
    var code = [UInt8](repeating: 0, count: 32)
    guard copenssl_hmac_sha256(key, key.count, text.baseAddress, text.count, &code) == 1 else { return nil }
    return code
  }

  /// The same for an array.
  package static func sha256(_ text: [UInt8], key: [UInt8]) -> [UInt8]? {
    text.withUnsafeBytes { sha256($0, key: key) }
  }
}

/// Random numbers for secrets, from OpenSSL's generator.
package enum SecureRandom {
  /// So many bytes that nobody can guess. Nil if the system has no randomness.
  package static func bytes(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&bytes, Int32(clamping: count)) == 1 else { return nil }
    return bytes
  }
}
