internal import Primitives
internal import Tokens

/// What proves that somebody reads an email: the id of a one-time token, and 256 random bits of which only a hash is
/// stored. Nobody can guess it, so tries need no limit.
struct OneTimeSecret: Hashable {
  let id: UserID
  private let secret: [UInt8]

  /// A new secret for a token. Nil if there is no randomness.
  static func make(for id: UserID) -> OneTimeSecret? {
    SecureRandom.bytes(32).map { OneTimeSecret(id: id, secret: $0) }
  }

  private init(id: UserID, secret: [UInt8]) {
    self.id = id
    self.secret = secret
  }

  /// Nil if the text can't be one.
  init?(_ text: String) {
    guard text.utf8.count <= 128, let bytes = Base64URL.decode(text), bytes.count == 16 + 32 else { return nil }
    let words = (0..<2).map { word in bytes[(word * 8)..<(word * 8 + 8)].reduce(0 as UInt64) { $0 << 8 | UInt64($1) } }
    self.init(id: UserID(high: words[0], low: words[1]), secret: Array(bytes[16...]))
  }

  /// What its owner gets.
  var text: String {
    Base64URL.encode([id.high, id.low].flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } } + secret)
  }

  /// What is stored, and proves it. Nil if OpenSSL is out of memory.
  var proof: OneTimeProof? {
    HMAC.sha256(secret, key: Array("one-time token hash".utf8)).map { OneTimeProof(id: id, hash: $0) }
  }
}

/// That somebody has the secret of a one-time token.
public struct OneTimeProof: Sendable, Hashable {
  /// The token.
  public let id: UserID
  /// The hash of its secret.
  public let hash: [UInt8]

  /// The proof for a token.
  public init(id: UserID, hash: [UInt8]) {
    self.id = id
    self.hash = hash
  }
}
