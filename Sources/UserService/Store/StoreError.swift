/// Why a store did not do what it was asked. It names no database: each store maps its own errors to it, in one place.
public enum StoreError: Error, Sendable {
  /// The store works, and what it holds rules the request out. It has changed nothing, and asking again does not help.
  case refused(StoreRefusal)
  /// The store, or the way to it, failed.
  case failed(StoreFailure)
}
