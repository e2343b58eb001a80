/// What every store must do, as checks that a store's tests run:
///
///     @Suite struct PostgresStoreContractTests {
///       @Test(arguments: StoreContract.checks) func keeps(check: StoreCheck) async throws {
///         // … make an empty store, with `check.retention` …
///         try await check.run(on: StoreHandles(store, another))
///       }
///     }
public enum StoreContract {
  /// All checks. Each needs an empty store.
  public static let checks =
    CreationChecks.all + UpdateChecks.all + DeletionChecks.all + PagingChecks.all + FilterChecks.all + BatchChecks.all
    + LabelChecks.all + OnceChecks.all + ImportChecks.all + EventChecks.all + RaceChecks.all + WalkChecks.all
}
