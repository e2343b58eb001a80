import Postgres
import Synchronization
public import UserService

extension PostgresUserStore {
  /// The secret of page tokens, which a migration put into the database. Read once, then kept in memory.
  public nonisolated(nonsending) func pageTokenKey(deadline: UInt64?) async throws(StoreError) -> PageTokenKey {
    if let key = keys.pageTokens { return key }
    let rows = try await query(UserSQL.pageTokenKey, [], deadline)
    let bytes: [UInt8]?
    do throws(PostgresError) { bytes = try rows.first?[0].bytes } catch { throw StoreError(error) }
    guard let key = bytes.flatMap(PageTokenKey.init) else {
      throw .failed(StoreFailure(.internal, isSafeToRetry: true, cause: NoPageTokenKey()))
    }
    keys.pageTokens = key
    return key
  }

  /// The keys that this process has read from `service_keys`. They are kept until it ends: to replace a key, an
  /// operator restarts the service.
  final class Keys: Sendable {
    private let state = Mutex<PageTokenKey?>(nil)

    var pageTokens: PageTokenKey? {
      get { state.withLock { $0 } }
      set { state.withLock { $0 = newValue } }
    }
  }
}

/// `service_keys` has no key for page tokens, or one of another length.
struct NoPageTokenKey: Error, CustomStringConvertible {
  var description: String { "The table service_keys has no usable key page_tokens." }
}
