internal import COpenSSL
internal import Primitives
internal import Tokens

/// A refresh token: opaque for clients. It holds the session, the generation, a secret, and a code that shows that the
/// service issued it. The code tells an old token that is used again from a forged one: a forger must not be able to
/// end a session by its id.
///
/// The successor's secret is derived from the token's own, so that the same token always has the same successor, though
/// only hashes are stored.
struct RefreshToken: Hashable {
  let session: SessionID
  let generation: Int64
  private let secret: [UInt8]

  private static let codeSize = 16

  /// The first token of a session. Nil if there is no randomness.
  init?(session: SessionID) {
    guard let secret = SecureRandom.bytes(32) else { return nil }
    self.init(session: session, generation: 1, secret: secret)
  }

  private init(session: SessionID, generation: Int64, secret: [UInt8]) {
    self.session = session
    self.generation = generation
    self.secret = secret
  }

  /// Nil if the service has not issued the text with this key.
  init?(_ text: String, key: [UInt8]) {
    guard text.utf8.count <= 128, let bytes = Base64URL.decode(text), bytes.count == 16 + 8 + 32 + Self.codeSize,
      let code = Self.code(bytes.dropLast(Self.codeSize), key),
      CRYPTO_memcmp(code, Array(bytes.suffix(Self.codeSize)), Self.codeSize) == 0
    else { return nil }
    let words = (0..<3).map { word in bytes[(word * 8)..<(word * 8 + 8)].reduce(0 as UInt64) { $0 << 8 | UInt64($1) } }
    self.init(
      session: SessionID(UserID(high: words[0], low: words[1])), generation: Int64(bitPattern: words[2]),
      secret: Array(bytes[24..<56]))
  }

  /// What the client gets. Nil if OpenSSL is out of memory.
  func text(key: [UInt8]) -> String? {
    Self.code(body[...], key).map { Base64URL.encode(body + $0) }
  }

  /// What is stored.
  var hash: [UInt8]? { HMAC.sha256(secret, key: Array("refresh token hash".utf8)) }

  /// The next token of the session. Nil if OpenSSL is out of memory.
  func successor(key: [UInt8]) -> RefreshToken? {
    let next = generation &+ 1
    let input = Array("successor".utf8) + secret + Self.bytes(UInt64(bitPattern: next))
    return HMAC.sha256(input, key: key).map { RefreshToken(session: session, generation: next, secret: $0) }
  }

  private var body: [UInt8] {
    Self.bytes(session.uuid.high) + Self.bytes(session.uuid.low) + Self.bytes(UInt64(bitPattern: generation)) + secret
  }

  private static func bytes(_ word: UInt64) -> [UInt8] { withUnsafeBytes(of: word.bigEndian) { Array($0) } }

  private static func code(_ body: ArraySlice<UInt8>, _ key: [UInt8]) -> [UInt8]? {
    HMAC.sha256(Array("refresh token".utf8) + body, key: key).map { Array($0.prefix(codeSize)) }
  }
}
