import Glibc
import Synchronization

/// Looks host names up on threads of its own, because getaddrinfo blocks. Any thread may use it.
public final class NameResolver: Sendable {
  private let pool: OffloadPool
  private let lookUp: @Sendable (String) -> Result<[String], NameResolutionError>

  /// - Parameters:
  ///   - threads: how many names are looked up at once.
  ///   - queueLimit: how many more lookups may wait; further ones fail at once with `tooManyLookups`.
  public convenience init(threads: Int = 1, queueLimit: Int = 64) {
    self.init(threads: threads, queueLimit: queueLimit) { host in
      Result { () throws(NameResolutionError) in try Self.lookUp(host) }
    }
  }

  init(
    threads: Int, queueLimit: Int, lookUp: @escaping @Sendable (String) -> Result<[String], NameResolutionError>
  ) {
    pool = OffloadPool(threads: threads, queueLimit: queueLimit)
    self.lookUp = lookUp
  }

  deinit { pool.shutdown() }

  /// The IP addresses of a host, such as `127.0.0.1` and `::1`, each once, in the order in which the system prefers
  /// them (RFC 6724). An IP address needs no lookup: it is returned as it is.
  ///
  /// Cancelling the task ends the wait, not the lookup itself.
  public func addresses(of host: String) async throws(NameResolutionError) -> [String] {
    if RawAddress(.tcp(host: host, port: 0)) != nil { return [host] }
    let waiter = LookupWaiter()
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        waiter.wait(continuation)
        let refusal = pool.submit { [lookUp] in waiter.finish(lookUp(host)) }
        if let refusal { waiter.finish(.failure(NameResolutionError(refusal, host: host))) }
      }
    } onCancel: {
      waiter.finish(.failure(NameResolutionError(cancelledFor: host)))
    }
    return try result.get()
  }

  /// Refuses new lookups; those that wait are still done.
  public func shutdown() { pool.shutdown() }

  /// Looks a name up on the calling thread, and blocks it meanwhile.
  static func lookUp(_ host: String) throws(NameResolutionError) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else {
      let reason = gai_strerror(code).map { String(cString: $0) } ?? "code \(code)"
      throw NameResolutionError(unresolved: host, reason)
    }
    defer { freeaddrinfo(list) }
    var addresses: [String] = []
    var next = list
    while let entry = next?.pointee {
      next = entry.ai_next
      guard case .tcp(let number, _)? = Socket.numericAddress(entry.ai_addr, entry.ai_addrlen) else { continue }
      // The resolver may repeat one: /etc/hosts with two lines for a name.
      if !addresses.contains(number) { addresses.append(number) }
    }
    return addresses
  }
}

/// The caller of a lookup. Either the lookup or the cancellation of the caller's task ends the wait, whichever is
/// first; the other one then does nothing.
private final class LookupWaiter: Sendable {
  typealias Outcome = Result<[String], NameResolutionError>
  private enum State {
    case new
    case waiting(UnsafeContinuation<Outcome, Never>)
    case finished(Outcome)
    case resumed
  }

  private let state = Mutex(State.new)

  func wait(_ continuation: UnsafeContinuation<Outcome, Never>) {
    let outcome: Outcome? = state.withLock { state in
      guard case .finished(let outcome) = state else {
        state = .waiting(continuation)
        return nil
      }
      state = .resumed
      return outcome
    }
    if let outcome { continuation.resume(returning: outcome) }
  }

  func finish(_ outcome: Outcome) {
    let continuation: UnsafeContinuation<Outcome, Never>? = state.withLock { state in
      switch state {
      case .new: state = .finished(outcome)
      case .waiting(let continuation):
        state = .resumed
        return continuation
      case .finished, .resumed: break
      }
      return nil
    }
    continuation?.resume(returning: outcome)
  }
}
