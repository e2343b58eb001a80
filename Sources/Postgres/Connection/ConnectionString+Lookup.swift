import EventLoop

extension ConnectionString.Host {
  /// The host with an address; a name with several addresses becomes several hosts.
  /// - Throws: `unavailable` with the resolver's reason. It may pass: a name server can be late.
  func resolved(by resolver: NameResolver) async throws(PostgresError) -> [ConnectionString.Host] {
    guard needsLookup, let name else { return [self] }
    do throws(NameResolutionError) {
      return try await resolver.addresses(of: name).map { ConnectionString.Host(name: name, address: $0, port: port) }
    } catch {
      let outcome = error.code == .unresolved ? "cannot be resolved" : "was not looked up"
      throw PostgresError(
        .unavailable, "The name of the database's host, \(name), \(outcome): \(error.reason).", isSafeToRetry: true)
    }
  }
}
