internal import COpenSSL

/// What went wrong with TLS.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of thing went wrong.
  public enum Code: Sendable, Hashable {
    /// A file could not be read.
    case file
    /// A setting that can't be used: the name of a host, an application protocol.
    case configuration
    /// A certificate, a key, or how they belong together.
    case credentials
    /// The peer broke TLS, or did not show what it has to.
    case peer
    /// The process has no memory left, or OpenSSL is not what it should be.
    case system
  }

  /// The kind, for programs.
  public let code: Code
  /// What happened, for people, with OpenSSL's reason. Without secrets.
  public let message: String
  /// When what is refused for being too new may be used, in seconds since 1970.
  let validFrom: Int64?

  /// The message.
  public var description: String { message }

  init(_ code: Code, _ message: String, validFrom: Int64? = nil) {
    self.code = code
    self.message = message
    self.validFrom = validFrom
  }

  /// The message and what OpenSSL's queue of errors says; the queue is empty afterwards.
  static func latest(_ code: Code, _ message: String) -> TLSError {
    // The first one is the cause; later ones tell where it passed through.
    let number = ERR_get_error()
    ERR_clear_error()
    guard number != 0, let reason = ERR_reason_error_string(number) else { return TLSError(code, message) }
    return TLSError(code, "\(message): \(String(cString: reason))")
  }
}
