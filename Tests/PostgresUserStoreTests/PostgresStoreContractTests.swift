import EventLoop
import PostgresUserStore
import Testing
import UserStoreContract

/// Two processes on one database: a client each, on two loops.
@Suite struct PostgresStoreContractTests {
  @Test(arguments: StoreContract.checks) func keepsTheContract(check: StoreCheck) async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let stores = bench.clients.map { PostgresUserStore(client: $0, retention: check.retention) }
      let handles = StoreHandles(stores[0], stores[1], executors: bench.loops.loops)
      // On a loop, as handlers are.
      try await bench.sequencing { try await bench.onLoop { try await check.run(on: handles) } }
    }
  }

  @Test(arguments: AccountStoreContract.checks) func keepsTheContractOfAccounts(check: AccountCheck) async throws {
    try await PostgresBench.run { bench in
      let client = bench.clients[0]
      let stores = AccountStores(
        users: PostgresUserStore(client: client), accounts: PostgresAccountStore(client: client))
      try await bench.onLoop { try await check.run(on: stores) }
    }
  }
}
