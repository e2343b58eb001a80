internal import Primitives
internal import Tokens

/// A stored password hash, as text. The service writes passlib's `bcrypt_sha256`, version 2:
/// `$bcrypt-sha256$v=2,t=2b,r=12$` salt `$` digest. Hashes that other systems made are accepted too, and replaced after
/// the next sign-in.
/// <https://passlib.readthedocs.io/en/stable/lib/passlib.hash.bcrypt_sha256.html>
///
/// Hashing and verifying take as long as the scheme means them to: don't do either on the thread of a loop.
public struct PasswordHash: Sendable, Hashable {
  /// The costs that the service hashes with. Each step doubles the time.
  public static let costs = 10...16

  /// A hash that no password has: it is verified where there is no account.
  static func decoy(cost: Int) -> PasswordHash {
    PasswordHash(
      kind: .bcryptSHA256(cost: cost, salt: "......................", digest: "no digest of bcrypt looks like this"))
  }

  private enum Kind: Hashable {
    case bcryptSHA256(cost: Int, salt: String, digest: String)
    /// What crypt(3) verifies as it is.
    case foreign(String)
  }

  private let kind: Kind

  private init(kind: Kind) { self.kind = kind }

  /// A stored hash. Nil if it is of a scheme that is not accepted, or would take longer or more memory to verify than
  /// the service allows.
  public init?(_ text: String) {
    if text.hasPrefix("$bcrypt-sha256$") {
      guard let kind = Self.parse(text) else { return nil }
      self.kind = kind
    } else {
      guard Self.isAccepted(text) else { return nil }
      kind = .foreign(text)
    }
  }

  /// The text to be stored.
  public var text: String {
    switch kind {
    case .bcryptSHA256(let cost, let salt, let digest): "$bcrypt-sha256$v=2,t=2b,r=\(cost)$\(salt)$\(digest)"
    case .foreign(let text): text
    }
  }

  /// The hash of a password with a new salt. Nil if there are no random numbers or no memory.
  static func make(_ password: Password, cost: Int) -> PasswordHash? {
    guard let setting = Crypt.bcryptSetting(cost: cost) else { return nil }
    let salt = String(setting.suffix(22))
    guard let digest = digest(password, cost: cost, salt: salt) else { return nil }
    return PasswordHash(kind: .bcryptSHA256(cost: cost, salt: salt, digest: digest))
  }

  /// Whether the password is the one that was hashed.
  func verifies(_ password: Password) -> Bool {
    switch kind {
    case .bcryptSHA256(let cost, let salt, let digest):
      guard let claimed = Self.digest(password, cost: cost, salt: salt) else { return false }
      return Crypt.isSame(claimed, digest)
    case .foreign(let text):
      guard let claimed = Crypt.hash(password.text, text) else { return false }
      return Crypt.isSame(claimed, text)
    }
  }

  /// Whether it is not what the service would write now.
  func isOutdated(cost wanted: Int) -> Bool {
    if case .bcryptSHA256(let cost, _, _) = kind { cost != wanted } else { true }
  }

  // MARK: bcrypt_sha256

  /// bcrypt of the base64 text of HMAC-SHA256(salt, password): nothing of a long password is dropped, and no NUL ends
  /// it.
  private static func digest(_ password: Password, cost: Int, salt: String) -> String? {
    guard let code = HMAC.sha256(Array(password.text.utf8), key: Array(salt.utf8)) else { return nil }
    let key = String(decoding: Base64.encodePadded(code), as: UTF8.self)
    let digits = cost < 10 ? "0\(cost)" : "\(cost)"
    return Crypt.hash(key, "$2b$\(digits)$\(salt)").map { String($0.suffix(31)) }
  }

  private static func parse(_ text: String) -> Kind? {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].isEmpty, parts[3].utf8.count == 22, parts[4].utf8.count == 31 else { return nil }
    let prefix = "v=2,t=2b,r="
    guard parts[2].hasPrefix(prefix), let cost = Int(parts[2].dropFirst(prefix.count)),
      (4...costs.upperBound).contains(cost),
      isCryptText(parts[3]), isCryptText(parts[4])
    else { return nil }
    return .bcryptSHA256(cost: cost, salt: String(parts[3]), digest: String(parts[4]))
  }

  // MARK: Foreign hashes

  private static func isCryptText(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "/"):
        true
      default: false
      }
    }
  }

  /// bcrypt, SHA-512 and yescrypt, with costs that the service can bear.
  private static func isAccepted(_ text: String) -> Bool {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard text.utf8.count <= 256, parts.count >= 4, parts[0].isEmpty, let last = parts.last, isCryptText(last) else {
      return false
    }
    switch parts[1] {
    case "2a", "2b", "2y":
      guard parts.count == 4, parts[2].utf8.count == 2, let cost = Int(parts[2]) else { return false }
      return (4...costs.upperBound).contains(cost) && last.utf8.count == 53
    case "6":
      guard last.utf8.count == 86, parts.count == 4 || parts.count == 5 else { return false }
      guard parts.count == 5 else { return isCryptText(parts[2]) }
      guard parts[2].hasPrefix("rounds="), let rounds = Int(parts[2].dropFirst(7)) else { return false }
      return (1000...1_000_000).contains(rounds) && isCryptText(parts[3])
    case "y":
      // j9T is libxcrypt's default, of 16 MiB; jBT takes 64.
      guard parts.count == 5, parts[2].utf8.count == 3, parts[2].hasPrefix("j"), parts[2].hasSuffix("T"),
        let size = parts[2].utf8.dropFirst().first, size <= UInt8(ascii: "B")
      else { return false }
      return isCryptText(parts[2]) && isCryptText(parts[3]) && last.utf8.count == 43
    default: return false
    }
  }
}
