import CPostgres

extension Connection {
  /// How many bytes one message of the protocol carries.
  private static let copySlice = 1 << 18

  /// Sends the rows of the running script, which the server now waits for. libpq keeps what the socket does not take;
  /// the rows are in memory anyway.
  ///
  /// A script without rows must not leave the server waiting: its COPY fails.
  func sendCopy() {
    guard let handle, let script else { return }
    guard let rows = script.copy else {
      if PQputCopyEnd(handle, "the statement has no rows to copy") != 1 { failCopy() }
      return
    }
    let isSent = rows.finished.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = min(Self.copySlice, bytes.count - offset)
        guard let start = bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self),
          PQputCopyData(handle, start, Int32(count)) == 1
        else { return false }
        offset += count
      }
      return true
    }
    if !isSent || PQputCopyEnd(handle, nil) != 1 { failCopy() }
  }

  private func failCopy() {
    lose(
      PostgresError(.connectionLost, "Sending rows to the database failed: \(PostgresError.message(of: handle))"))
  }
}
