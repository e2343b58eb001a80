import CLinux

/// Texts of errno values, without strerror's shared buffer.
public enum SystemError {
  /// The C library's text for an errno. Any thread may call it.
  public static func text(of code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      guard let base = buffer.baseAddress else { return "errno \(code)" }
      return String(cString: clinux_error_text(code, base, buffer.count))
    }
  }
}
