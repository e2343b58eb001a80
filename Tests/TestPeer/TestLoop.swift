public import EventLoop

/// The loop on which the peers and clients of all tests wait, so that none of them holds a thread meanwhile.
public enum TestLoop {
  private static let group: EventLoopGroup = {
    do {
      return try EventLoopGroup(count: 1, name: "peers")
    } catch {
      fatalError("no loop for the tests: \(error)")
    }
  }()

  /// The loop; it runs as long as the process.
  public static var shared: EventLoop { group.loops[0] }

  /// Runs `body` on the loop, as part of the same task. It must not block: the peers of all other tests wait here too.
  public static func run<T: Sendable>(_ body: () async throws -> T) async rethrows -> T {
    try await withTaskExecutorPreference(shared, operation: body)
  }
}
