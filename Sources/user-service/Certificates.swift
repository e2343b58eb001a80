import EventLoop
import Glibc
import Logging
import TLS

/// Keeps a server's certificates up to date while it serves: they are read again after SIGHUP, and when a file has changed.
struct Certificates: Sendable {
  /// How often the files are looked at.
  private static let period = Duration.seconds(5)

  let credentials: TLSCredentials
  let logger: Logger

  /// Looks at the files until the task is cancelled.
  func watch() async {
    while (try? await Task.sleep(for: Self.period)) != nil { renew { try credentials.reloadIfChanged() } }
  }

  func reload() {
    renew {
      try credentials.reload()
      return true
    }
  }

  private func renew(_ read: () throws -> Bool) {
    do {
      if try read() { logger.info("New connections get the certificates that were just read.") }
    } catch {
      logger.error("The new certificates can't be used; the ones from before stay.", metadata: ["error": "\(error)"])
    }
  }
}
