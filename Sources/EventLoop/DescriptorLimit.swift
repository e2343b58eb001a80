import Glibc

/// How many files and sockets the process may have open.
public enum DescriptorLimit {
  /// Raises the limit as far as the process may raise it by itself, as servers do: the soft one is low for the sake of
  /// programs that use select(2).
  /// - Returns: the limit that holds now.
  @discardableResult
  public static func raise() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    return Int(clamping: limit.rlim_cur)
  }
}
