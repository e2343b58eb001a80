import Glibc

/// How many file descriptors the process may have open (RLIMIT_NOFILE).
public enum DescriptorLimit {
  /// Raises the soft limit to the hard limit, as servers do. Systems keep the soft limit low for programs that use
  /// select(2).
  /// - Returns: the soft limit afterwards; 0 if it can't be read.
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
