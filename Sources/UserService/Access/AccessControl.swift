public import EventLoop
internal import Primitives
public import RPCCore
public import Tokens

/// Enforces the access rules from the head of each call alone, before a byte of its body is kept, for every wire
/// protocol. It leaves the caller in the context (`ServerContext.caller`), and names it to the call's observers.
///
/// A caller proves who it is by an access token (`authorization: Bearer …`) or, without one, by a client certificate
/// that has scopes here.
public struct AccessControl: ServerInterceptor {
  private let policy: AccessPolicy
  private let keys: LiveKeys
  private let authority: TokenAuthority
  private let certificates: [String: Caller]
  private let ended: EndedSessions
  private let allowsAnonymous: Bool
  private let memories: [ObjectIdentifier: CallerCache]
  private let now: @Sendable () -> Int64

  /// - Parameters:
  ///   - policy: who may call what.
  ///   - keys: what verifies tokens.
  ///   - authority: the issuer and the audience of the tokens.
  ///   - certificates: the scopes of client certificates by their identities, `PeerCertificate.identities`.
  ///   - ended: the sessions whose tokens are refused.
  ///   - allowsAnonymous: lets callers without credentials make every call, for development. Credentials that are wrong
  ///     are refused all the same.
  ///   - loops: the loops of the server. Each remembers tokens that it has verified.
  ///   - now: seconds since 1970.
  public init(
    policy: AccessPolicy, keys: LiveKeys, authority: TokenAuthority, certificates: [String: [String]] = [:],
    ended: EndedSessions = EndedSessions(), allowsAnonymous: Bool = false, loops: EventLoopGroup,
    now: @escaping @Sendable () -> Int64
  ) {
    self.policy = policy
    self.keys = keys
    self.authority = authority
    self.certificates = Dictionary(
      uniqueKeysWithValues: certificates.map { ($0, Caller(id: $0, scopes: $1)) })
    self.ended = ended
    self.allowsAnonymous = allowsAnonymous
    memories = Dictionary(
      uniqueKeysWithValues: loops.loops.map { loop in
        (ObjectIdentifier(loop), CallerCache(loop: loop, keys: keys, authority: authority))
      })
    self.now = now
  }

  /// Refuses the call with UNAUTHENTICATED or PERMISSION_DENIED, or leaves its caller in the context.
  public func accept(_ context: ServerContext) throws(RPCError) {
    do throws(AccessRefusal) {
      try check(context)
    } catch {
      throw error.rpcError
    }
  }

  private func check(_ context: ServerContext) throws(AccessRefusal) {
    guard let access = policy.access(to: context.method) else { throw .noRule }
    switch access {
    // Whatever credentials the call has: a client that must renew an expired token may send that token with this call.
    case .everybody: return
    case .localOrScopes where Self.isLocal(context.peer): return
    case .authenticated: _ = try caller(context)
    case .localOrScopes(let scopes): try authorize(context, false, scopes)
    case .restricted(let own, let scopes): try authorize(context, own, scopes)
    }
  }

  private func authorize(_ context: ServerContext, _ own: Bool, _ scopes: [String]) throws(AccessRefusal) {
    guard let caller = try caller(context), !caller.hasScope(oneOf: scopes) else { return }
    guard own else { throw .missingScope(scopes) }
    guard let user = caller.userID else { throw scopes.isEmpty ? .notAUser : .missingScope(scopes) }
    context.restrictedToUser = user
  }

  /// The caller. Nil only if `allowsAnonymous`, and the call has no credentials.
  private func caller(_ context: ServerContext) throws(AccessRefusal) -> Caller? {
    guard let caller = try byToken(context) ?? byCertificate(context) else {
      if allowsAnonymous { return nil }
      throw .noCredentials
    }
    context.identifyCaller(caller.id)
    if let session = caller.session, ended.contains(session) { throw .sessionEnded }
    context.caller = caller
    return caller
  }

  private func byToken(_ context: ServerContext) throws(AccessRefusal) -> Caller? {
    var found: Result<Caller, AccessRefusal>?
    context.forEachRequestValue(of: "authorization") { value in
      // If there are several, nobody can say which one a proxy looked at.
      guard found == nil, let token = BearerToken.find(in: value) else {
        found = .failure(.badCredentials)
        return
      }
      found = Result { () throws(AccessRefusal) in try verify(token) }
    }
    return try found?.get()
  }

  private func verify(_ token: UnsafeRawBufferPointer) throws(AccessRefusal) -> Caller {
    do throws(TokenFault) {
      let now = now()
      guard let loop = EventLoop.current, let memory = memories[ObjectIdentifier(loop)] else {
        return try CallerCache.verify(token, authority, keys.current, now).0
      }
      return try memory.caller(token, now: now)
    } catch {
      throw .badToken(error)
    }
  }

  private func byCertificate(_ context: ServerContext) -> Caller? {
    guard !certificates.isEmpty, let certificate = context.security?.peerCertificate else { return nil }
    return certificate.identities.lazy.compactMap { certificates[$0] }.first
  }

  /// Whether the caller is on this machine, as far as the address of its connection tells: a proxy may stand in
  /// between.
  private static func isLocal(_ peer: String) -> Bool {
    peer == "unix" || peer.hasPrefix("127.") || peer.hasPrefix("[::1]:")
  }
}
