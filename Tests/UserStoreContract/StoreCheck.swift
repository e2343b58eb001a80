public import Testing
public import UserService

/// One thing that a store must do.
public struct StoreCheck: Sendable, CustomTestStringConvertible {
  /// What the store must do, in a few words.
  public let name: String
  /// How long the store must let deleted users be undeleted.
  public let retention: Duration
  private let body: @Sendable (StoreHandles) async throws -> Void

  /// The name, for test reports.
  public var testDescription: String { name }

  private init(
    _ name: String, retention: Duration, handles body: @escaping @Sendable (StoreHandles) async throws -> Void
  ) {
    self.name = name
    self.retention = retention
    self.body = body
  }

  /// A check that one caller makes.
  init(
    _ name: String, retention: Duration = .seconds(3600),
    _ body: @escaping @Sendable (any UserStore) async throws -> Void
  ) {
    self.init(name, retention: retention, handles: { try await body($0.first) })
  }

  /// A check that several processes make at the same time.
  static func race(_ name: String, _ body: @escaping @Sendable (StoreHandles) async throws -> Void) -> StoreCheck {
    StoreCheck(name, retention: .seconds(3600), handles: body)
  }

  /// Runs the check on an empty store. What the store gets wrong is recorded as an issue of the current test.
  /// - Throws: what the store throws where the check expects no error.
  public func run(on handles: StoreHandles) async throws { try await body(handles) }
}

/// One store, as two processes of the service hold it.
public struct StoreHandles: Sendable {
  let first: any UserStore
  let second: any UserStore
  private let executors: [any TaskExecutor]

  /// - Parameters:
  ///   - first: what one process holds.
  ///   - second: what another process holds, on the same data; `first` for a store that lives inside one process.
  ///   - executors: where concurrent calls are made, in turn. If empty, Swift chooses.
  public init(_ first: any UserStore, _ second: any UserStore, executors: [any TaskExecutor] = []) {
    self.first = first
    self.second = second
    self.executors = executors
  }

  /// Calls `body` `count` times in each process, all at once.
  /// - Returns: how often each outcome occurred.
  func race(
    _ count: Int, _ body: @escaping @Sendable (any UserStore, Int) async throws -> Void
  ) async -> [StoreOutcome: Int] {
    await withTaskGroup(of: StoreOutcome.self) { group in
      for index in 0..<(2 * count) {
        let store = index % 2 == 0 ? first : second
        let executor = executors.isEmpty ? nil : executors[index / 2 % executors.count]
        group.addTask(executorPreference: executor) { await outcome { try await body(store, index) } }
      }
      return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
  }
}
