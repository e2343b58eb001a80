import COpenSSL

/// The secret key of page tokens, the same for all processes on one store: AES-256-SIV (RFC 5297).
///
/// SIV needs no nonce. AES-GCM breaks when a nonce repeats, and with random nonces allows 2^32 tokens for a key, which
/// nobody here renews (NIST SP 800-38D, section 8.3). In return, SIV reveals that two tokens mark the same place.
/// Any thread may use it.
public struct PageTokenKey: Sendable {
  /// The length of a key: one half authenticates, the other encrypts.
  package static let byteCount = 64
  /// How many bytes sealing adds.
  static let overhead = 16

  private let bytes: [UInt8]

  /// Nil unless there are 64 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Encrypts a text. Nil if OpenSSL is out of memory, or lacks AES-SIV, as in FIPS mode.
  /// - Parameters:
  ///   - text: not empty.
  ///   - context: not empty; what the sealed text is for. Opening it takes the same context.
  func seal(_ text: [UInt8], context: [UInt8]) -> [UInt8]? {
    var tag = [UInt8](repeating: 0, count: Self.overhead)
    return run(text, context, encrypts: 1, &tag).map { tag + $0 }
  }

  /// Decrypts a text. Nil if it was not sealed with this key and context.
  func open(_ sealed: ArraySlice<UInt8>, context: [UInt8]) -> [UInt8]? {
    guard sealed.count > Self.overhead else { return nil }
    var tag = Array(sealed.prefix(Self.overhead))
    return run(Array(sealed.dropFirst(Self.overhead)), context, encrypts: 0, &tag)
  }

  /// Fetched once. OpenSSL's algorithms are immutable, and any thread may use them.
  nonisolated(unsafe) private static let cipher = EVP_CIPHER_fetch(nil, "AES-256-SIV", nil)

  private func run(_ input: [UInt8], _ context: [UInt8], encrypts: Int32, _ tag: inout [UInt8]) -> [UInt8]? {
    guard !input.isEmpty, !context.isEmpty, let cipher = Self.cipher, let operation = EVP_CIPHER_CTX_new() else {
      return nil
    }
    defer {
      EVP_CIPHER_CTX_free(operation)
      // A forged token leaves an error in the thread's queue, which TLS would mistake for one of its own.
      ERR_clear_error()
    }
    let length = Int32(Self.overhead)
    var output = [UInt8](repeating: 0, count: input.count)
    var count: Int32 = 0
    guard EVP_CipherInit_ex2(operation, cipher, bytes, nil, encrypts, nil) == 1,
      encrypts == 1 || EVP_CIPHER_CTX_ctrl(operation, EVP_CTRL_AEAD_SET_TAG, length, &tag) == 1,
      EVP_CipherUpdate(operation, nil, &count, context, Int32(clamping: context.count)) == 1,
      EVP_CipherUpdate(operation, &output, &count, input, Int32(clamping: input.count)) == 1, count == output.count,
      EVP_CipherFinal_ex(operation, nil, &count) == 1,
      encrypts == 0 || EVP_CIPHER_CTX_ctrl(operation, EVP_CTRL_AEAD_GET_TAG, length, &tag) == 1
    else { return nil }
    return output
  }
}
