public import UserService

/// How a call of a store ended, in a form that tests can compare.
public enum StoreOutcome: Hashable, Sendable {
  /// It returned.
  case done
  case refused(StoreRefusal)
  case refusedItem(Int, StoreRefusal)
  case failed(StoreFailure.Kind)
  /// It threw something that is no `StoreError`.
  case threw(String)
}

/// How `body` ends.
public func outcome(_ body: () async throws -> Void) async -> StoreOutcome {
  do {
    try await body()
    return .done
  } catch StoreError.refused(let refusal) {
    return .refused(refusal)
  } catch StoreError.refusedItem(let index, let refusal) {
    return .refusedItem(index, refusal)
  } catch StoreError.failed(let failure) {
    return .failed(failure.kind)
  } catch {
    return .threw("\(error)")
  }
}
