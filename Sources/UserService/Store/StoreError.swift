/// Why a call of a store failed. It names no database: each store maps its own errors to it, in one place.
public enum StoreError: Error, Sendable {
  /// The store works, but its data rule the request out. Nothing was changed, and repeating the call does not help.
  case refused(StoreRefusal)
  /// The same, because of one item of a batch: its index, from 0. Nothing of the batch was done.
  case refusedItem(Int, StoreRefusal)
  /// The store, or the way to it, failed.
  case failed(StoreFailure)
}
