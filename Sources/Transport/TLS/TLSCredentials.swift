/// The certificates and keys of a server, which can be renewed while it serves: connections that are open keep what
/// they began with, new ones get the newest. Any thread.
public final class TLSCredentials: Sendable {
  private let files: RenewedFiles<TLSContext>

  /// Reads the files.
  /// - Parameter clock: seconds since 1970.
  /// - Throws: `TLSError` naming the file that is at fault, as `TLSContext` does.
  public init(
    _ configuration: TLSConfiguration, clock: @escaping @Sendable () -> Int64 = WallClock.seconds
  ) throws(TLSError) {
    files = try RenewedFiles(configuration.files, clock: clock) { now throws(TLSError) in
      try TLSContext(configuration, now: now)
    }
  }

  /// What new connections get.
  public var context: TLSContext { files.context }

  /// Reads the files again. Blocks for as long as that takes: not for a loop's thread.
  /// - Throws: `TLSError` if they can't be used; those that were read before stay in use.
  public func reload() throws(TLSError) { try files.reload() }

  /// Reads the files again if one of them is another than it was. What could not be used is not tried again until it
  /// changes, or becomes valid.
  /// - Returns: whether they were read.
  public func reloadIfChanged() throws(TLSError) -> Bool { try files.reloadIfChanged() }
}

extension TLSConfiguration {
  fileprivate var files: [PEM] {
    var all = certificates.flatMap { [$0.chain, $0.key] }
    switch clientCertificates {
    case .none: break
    case .optional(let authorities), .required(let authorities): all.append(authorities)
    }
    return all
  }
}
