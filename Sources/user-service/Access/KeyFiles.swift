import EventLoop
import Logging
import Primitives
import Tokens
import UserService

/// Keeps a server's keys up to date while it serves.
struct KeyFiles: Sendable {
  /// How often the files are read. Their times don't tell of a change that `keys retire` makes, and they are few.
  static let period = Duration.seconds(3)

  let directory: KeyDirectory
  let keys: LiveKeys
  let logger: Logger

  /// Makes the worker that reads the files.
  /// - Parameter files: the threads that read them, since that blocks.
  func makeWorker(
    on loop: EventLoop, files: OffloadPool, onChange: @escaping @Sendable (WorkerState) -> Void
  ) -> BackgroundWorker {
    warnOfExposure()
    return BackgroundWorker(
      "keys", on: loop, logger: logger, backoff: Backoff(first: .seconds(1), limit: Self.period), onChange: onChange
    ) { try await read(files) }
  }

  private func read(_ files: OffloadPool) async throws -> Duration {
    let directory = directory
    let found = try await files.run { () -> Result<KeySet, KeyDirectoryFault> in
      Result { () throws(KeyDirectoryFault) in try directory.load() }
    }
    let set = try found.get()
    if !set.hasSameKeys(as: keys.current) {
      keys.replace(set)
      let names = set.keys.map(\.id).joined(separator: " ")
      logger.notice("The keys of access tokens have changed.", metadata: ["keys": "\(names)"])
    }
    return Self.period
  }

  private func warnOfExposure() {
    for file in (try? directory.exposedFiles()) ?? [] {
      logger.warning("Everybody on this machine may read a key: chmod 600.", metadata: ["file": "\(file)"])
    }
  }
}
