/// Whom a client trusts and what it shows, which can be renewed while it runs: connections that are open keep what they
/// began with, new ones get the newest. Any thread.
///
/// A channel of RPCClient looks at the files by itself. The system's authorities are read once.
public final class TLSClientCredentials: Sendable {
  private let files: RenewedFiles<TLSClientContext>

  /// Reads the files.
  /// - Parameter clock: seconds since 1970.
  /// - Throws: `TLSError` naming the file that is at fault, as `TLSClientContext` does.
  public init(
    _ configuration: TLSClientConfiguration, clock: @escaping @Sendable () -> Int64 = WallClock.seconds
  ) throws(TLSError) {
    files = try RenewedFiles(configuration.files, clock: clock) { now throws(TLSError) in
      try TLSClientContext(configuration, now: now)
    }
  }

  /// What new connections get.
  public var context: TLSClientContext { files.context }

  /// Reads the files again. Blocks for as long as that takes: not for a loop's thread.
  /// - Throws: `TLSError` if they can't be used; those that were read before stay in use.
  public func reload() throws(TLSError) { try files.reload() }

  /// Reads the files again if one of them is another than it was. What could not be used is not tried again until it
  /// changes, or becomes valid.
  /// - Returns: whether they were read.
  public func reloadIfChanged() throws(TLSError) -> Bool { try files.reloadIfChanged() }
}

extension TLSClientConfiguration {
  fileprivate var files: [PEM] {
    var all = certificate.map { [$0.chain, $0.key] } ?? []
    if case .signedBy(let authorities) = authorities { all.append(authorities) }
    return all
  }
}
