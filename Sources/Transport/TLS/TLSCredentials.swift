internal import Glibc
internal import Synchronization

/// The certificates and keys of a server, which can be renewed while it serves: connections that are open keep what
/// they began with, new ones get the newest. Any thread.
public final class TLSCredentials: Sendable {
  private struct State {
    var context: TLSContext
    /// What the files looked like when they were read.
    var marks: [FileMark?]
    /// When files that are too new may be read again, in seconds since 1970.
    var retryAt: Int64?
  }

  private let configuration: TLSConfiguration
  private let paths: [String]
  private let state: Mutex<State>
  private let clock: @Sendable () -> Int64

  /// Reads the files.
  /// - Parameter clock: seconds since 1970.
  /// - Throws: `TLSError` naming the file that is at fault, as `TLSContext` does.
  public init(
    _ configuration: TLSConfiguration, clock: @escaping @Sendable () -> Int64 = WallClock.seconds
  ) throws(TLSError) {
    self.configuration = configuration
    self.clock = clock
    let paths = configuration.files
    self.paths = paths
    // Looked at before they are read: what changes in between is read once more.
    let marks = paths.map(FileMark.init)
    state = Mutex(State(context: try TLSContext(configuration, now: clock()), marks: marks))
  }

  /// What new connections get.
  public var context: TLSContext { state.withLock { $0.context } }

  /// Reads the files again. Blocks for as long as that takes: not for a loop's thread.
  /// - Throws: `TLSError` if they can't be used; those that were read before stay in use.
  public func reload() throws(TLSError) { try renew(paths.map(FileMark.init)) }

  /// Reads the files again if one of them is another than it was. What could not be used is not tried again until it
  /// changes, or becomes valid.
  /// - Returns: whether they were read.
  public func reloadIfChanged() throws(TLSError) -> Bool {
    let marks = paths.map(FileMark.init)
    let now = clock()
    let isDue = state.withLock { state in
      defer { state.marks = marks }
      if state.marks != marks { return true }
      return state.retryAt.map { $0 <= now } ?? false
    }
    if isDue { try renew(marks) }
    return isDue
  }

  private func renew(_ marks: [FileMark?]) throws(TLSError) {
    do throws(TLSError) {
      let context = try TLSContext(configuration, now: clock())
      state.withLock { $0 = State(context: context, marks: marks) }
    } catch {
      state.withLock { $0.retryAt = error.validFrom }
      throw error
    }
  }
}

extension TLSConfiguration {
  fileprivate var files: [String] {
    var all = certificates.flatMap { [$0.chain, $0.key] }
    switch clientCertificates {
    case .none: break
    case .optional(let authorities), .required(let authorities): all.append(authorities)
    }
    return all.compactMap { if case .file(let path) = $0 { path } else { nil } }
  }
}

/// Tells whether a file is the one that it was, also where a link was turned to another.
private struct FileMark: Equatable {
  let inode: UInt64
  let size: Int
  let seconds: Int
  let nanoseconds: Int

  /// nil if there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    inode = UInt64(status.st_ino)
    size = Int(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}
