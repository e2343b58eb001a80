internal import EventLoop
internal import Tokens

/// What one loop knows of tokens: the keys, and who the callers of recent tokens are.
// @unchecked Sendable: it belongs to its loop, whose interceptors run on the loop's thread; each use asserts that.
final class CallerCache: @unchecked Sendable {
  private unowned let loop: EventLoop
  private let live: LiveKeys
  private let authority: TokenAuthority
  private var keys = KeySet()
  private var generation = 0
  private let known = VerifiedTokenCache<Caller>()

  init(loop: EventLoop, keys: LiveKeys, authority: TokenAuthority) {
    self.loop = loop
    live = keys
    self.authority = authority
  }

  /// The caller that a token stands for.
  /// - Parameter now: seconds since 1970.
  func caller(_ token: UnsafeRawBufferPointer, now: Int64) throws(TokenFault) -> Caller {
    loop.assertCurrent()
    if let changed = live.keysIfChanged(since: generation) {
      (keys, generation) = changed
      known.removeAll()
    }
    if let caller = known.value(of: token, now: now) { return caller }
    let (caller, end) = try Self.verify(token, authority, keys, now)
    known.store(caller, for: token, expireTime: end)
    return caller
  }

  /// Verifies a token without looking at the remembered ones.
  static func verify(
    _ token: UnsafeRawBufferPointer, _ authority: TokenAuthority, _ keys: KeySet, _ now: Int64
  ) throws(TokenFault) -> (Caller, end: Int64) {
    let said = try authority.verify(token, keys: keys, now: now)
    return (Caller(id: said.subject, scopes: said.scopes, session: said.session), said.expireTime)
  }
}
