internal import COpenSSL

/// A cache of verified tokens, with a value for each, so that the next call with the same token verifies no signature.
///
/// Bounded: 1024 slots, each for one token; if two tokens have the same slot, the later one replaces the earlier one.
/// Belongs to one thread.
public final class VerifiedTokenCache<Value> {
  private struct Entry {
    let token: [UInt8]
    let value: Value
    let expireTime: Int64
  }

  private static var slots: Int { 1024 }
  /// Longer tokens are verified each time: a slot has no room for them.
  private static var longest: Int { 2048 }

  private var entries: [Entry?] = []

  /// No tokens, and no memory for them before the first one.
  public init() {}

  /// What was stored for the token. Nil if it was not, or the token has ended.
  /// - Parameter now: seconds since 1970.
  public func value(of token: UnsafeRawBufferPointer, now: Int64) -> Value? {
    guard !entries.isEmpty, let slot = Self.slot(of: token), let entry = entries[slot],
      entry.token.count == token.count, now < entry.expireTime
    else { return nil }
    // Takes the same time for all tokens of this length, so that nobody can find one out byte by byte.
    let isSame = entry.token.withUnsafeBytes { CRYPTO_memcmp($0.baseAddress, token.baseAddress, token.count) == 0 }
    return isSame ? entry.value : nil
  }

  /// Stores the value of a verified token.
  public func store(_ value: Value, for token: UnsafeRawBufferPointer, expireTime: Int64) {
    guard let slot = Self.slot(of: token) else { return }
    if entries.isEmpty { entries = [Entry?](repeating: nil, count: Self.slots) }
    entries[slot] = Entry(token: Array(token), value: value, expireTime: expireTime)
  }

  /// Forgets all of them: the keys have changed.
  public func removeAll() { entries = [] }

  /// By the end of the signature, which is as good as random.
  private static func slot(of token: UnsafeRawBufferPointer) -> Int? {
    guard token.count >= 16, token.count <= longest else { return nil }
    let tail = token.loadUnaligned(fromByteOffset: token.count - 9, as: UInt64.self)
    return Int(truncatingIfNeeded: (tail &* 0x9e37_79b9_7f4a_7c15) >> 54)
  }
}
