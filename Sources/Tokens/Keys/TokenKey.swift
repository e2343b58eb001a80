internal import COpenSSL

/// A key that signs tokens or verifies them, with one algorithm. Immutable: any thread may use it.
public final class TokenKey: Sendable {
  /// Its name in the tokens' headers (`kid`).
  public let id: String
  /// The only algorithm that it is used with.
  public let algorithm: SignatureAlgorithm
  /// When it was made, in seconds since 1970.
  public let createTime: Int64
  /// When it begins to sign, in seconds since 1970. It verifies as soon as it is read, because replicas read the files
  /// of keys at different times.
  public let notBefore: Int64

  let material: Material

  enum Material: Sendable {
    case secret([UInt8])
    case pair(KeyPair)
  }

  init(id: String, algorithm: SignatureAlgorithm, createTime: Int64, notBefore: Int64, material: Material) {
    self.id = id
    self.algorithm = algorithm
    self.createTime = createTime
    self.notBefore = notBefore
    self.material = material
  }

  /// A new key from the system's random numbers. Nil if OpenSSL has none.
  /// - Parameters:
  ///   - id: printable ASCII, unique among the keys that are used together.
  ///   - createTime: seconds since 1970, as `notBefore`.
  public static func generate(
    id: String, algorithm: SignatureAlgorithm, createTime: Int64, notBefore: Int64
  ) -> TokenKey? {
    guard let secret = SecureRandom.bytes(algorithm.secretSize),
      let material = Material(algorithm, secret: secret, publicHalf: nil)
    else { return nil }
    return TokenKey(id: id, algorithm: algorithm, createTime: createTime, notBefore: notBefore, material: material)
  }

  /// Whether it has its secret half.
  public var canSign: Bool {
    switch material {
    case .secret: true
    case .pair(let pair): pair.secret != nil
    }
  }

  /// The signature of some bytes. Nil if the key only verifies, or OpenSSL is out of memory.
  func sign(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    switch material {
    case .secret(let secret): HMAC.sha256(text, key: secret)
    case .pair(let pair): pair.sign(text)
    }
  }

  /// Whether some bytes are the signature of others. Takes the same time for all wrong codes of HS256.
  func verifies(_ signature: [UInt8], of text: UnsafeRawBufferPointer) -> Bool {
    guard signature.count == algorithm.signatureSize else { return false }
    switch material {
    case .secret(let secret):
      guard let code = HMAC.sha256(text, key: secret) else { return false }
      return CRYPTO_memcmp(code, signature, code.count) == 0
    case .pair(let pair): return pair.verifies(signature, of: text)
    }
  }
}

extension TokenKey.Material {
  /// Nil if the bytes are no key of the algorithm, or the halves don't belong together.
  init?(_ algorithm: SignatureAlgorithm, secret: [UInt8]?, publicHalf: [UInt8]?) {
    guard algorithm.isAsymmetric else {
      guard let secret, secret.count >= algorithm.secretSize, publicHalf == nil else { return nil }
      self = .secret(secret)
      return
    }
    guard let pair = KeyPair(algorithm, secret: secret, publicHalf: publicHalf) else { return nil }
    self = .pair(pair)
  }
}
