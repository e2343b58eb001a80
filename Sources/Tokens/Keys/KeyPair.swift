internal import COpenSSL

// @unchecked Sendable: `key` is never changed after init, and OpenSSL lets threads share such a key, since each
// signature has a context of its own (openssl-threads(7)).
/// An asymmetric key of OpenSSL: both halves, or the public one.
final class KeyPair: @unchecked Sendable {
  let secret: [UInt8]?
  let publicHalf: [UInt8]
  private let key: OpaquePointer

  /// Nil if the bytes are no key of the algorithm, or the halves don't belong together.
  init?(_ algorithm: SignatureAlgorithm, secret: [UInt8]?, publicHalf: [UInt8]?) {
    var half = publicHalf ?? [UInt8](repeating: 0, count: algorithm.publicSize)
    guard secret != nil || publicHalf != nil, half.count == algorithm.publicSize,
      secret == nil || secret?.count == algorithm.secretSize
    else { return nil }
    defer { ERR_clear_error() }
    let made = algorithm == .es256 ? copenssl_p256(secret, &half) : copenssl_ed25519(secret, &half)
    guard let made else { return nil }
    guard publicHalf == nil || publicHalf == half else {
      EVP_PKEY_free(made)
      return nil
    }
    key = made
    self.secret = secret
    self.publicHalf = half
  }

  deinit { EVP_PKEY_free(key) }

  func sign(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard secret != nil else { return nil }
    var signature = [UInt8](repeating: 0, count: 64)
    defer { ERR_clear_error() }
    return copenssl_sign(key, text.baseAddress, text.count, &signature) == 1 ? signature : nil
  }

  func verifies(_ signature: [UInt8], of text: UnsafeRawBufferPointer) -> Bool {
    signature.count == 64 && copenssl_verify(key, text.baseAddress, text.count, signature) == 1
  }
}
