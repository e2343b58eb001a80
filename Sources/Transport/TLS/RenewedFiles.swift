internal import Glibc
internal import Synchronization

/// What is made of files, and made anew when they change. What can't be used never takes the place of what can. Any
/// thread; reading blocks.
final class RenewedFiles<Context: Sendable>: Sendable {
  private struct State {
    var context: Context
    /// What the files looked like when they were read.
    var marks: [FileMark?]
    /// When files that are too new may be read again, in seconds since 1970.
    var retryAt: Int64?
  }

  private let paths: [String]
  private let state: Mutex<State>
  private let clock: @Sendable () -> Int64
  private let make: @Sendable (Int64) throws(TLSError) -> Context

  /// - Parameter make: reads the files, at a time in seconds since 1970.
  init(
    _ files: [PEM], clock: @escaping @Sendable () -> Int64,
    make: @escaping @Sendable (Int64) throws(TLSError) -> Context
  ) throws(TLSError) {
    let paths = files.compactMap { if case .file(let path) = $0 { path } else { nil } }
    self.paths = paths
    self.clock = clock
    self.make = make
    // Looked at before they are read: what changes in between is read once more.
    let marks = paths.map(FileMark.init)
    state = Mutex(State(context: try make(clock()), marks: marks))
  }

  var context: Context { state.withLock { $0.context } }

  func reload() throws(TLSError) { try renew(paths.map(FileMark.init)) }

  /// - Returns: whether they were read.
  func reloadIfChanged() throws(TLSError) -> Bool {
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
      let context = try make(clock())
      state.withLock { $0 = State(context: context, marks: marks) }
    } catch {
      state.withLock { $0.retryAt = error.validFrom }
      throw error
    }
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
