import Testing
import UserStoreContract

/// The store in memory, on which the tests of the service stand, is one like the others.
@Suite struct InMemoryStoreContractTests {
  @Test(arguments: StoreContract.checks) func keepsTheContract(check: StoreCheck) async throws {
    let store = InMemoryUserStore(retention: check.retention)
    try await check.run(on: StoreHandles(store, store))
  }

  @Test(arguments: AccountStoreContract.checks) func keepsTheContractOfAccounts(check: AccountCheck) async throws {
    let users = InMemoryUserStore()
    try await check.run(on: AccountStores(users: users, accounts: InMemoryAccountStore(users: users)))
  }
}
