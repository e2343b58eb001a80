import Postgres
public import UserService

extension PostgresUserStore {
  /// Copies the rows into a table of the session's, and creates the users from there, in one transaction with the note
  /// of how far the import is.
  public nonisolated(nonsending) func merge(
    _ chunk: ImportChunk, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress {
    let id = PostgresValue.uuid(chunk.importID.high, chunk.importID.low)
    let rows = try Self.copyRows(chunk)
    let progress = try await repeating(deadline) { () throws(StoreError) -> ImportProgress? in
      try await transaction(deadline) { transaction in
        try await transaction.query(ImportSQL.begin, [id])
        guard let row = try await transaction.query(ImportSQL.lock, [id]).first else { throw Interference() }
        var progress = try Self.progress(chunk.importID, row)
        if progress.rowCount >= chunk.endIndex { return progress }
        guard progress.rowCount == chunk.firstIndex else { throw StoreError.refused(.importMoved(chunk.importID)) }
        var failures = chunk.failures
        if rows.count > 0 {
          try await transaction.query(ImportSQL.makeTable)
          try await transaction.copy(ImportSQL.copy, rows)
          for row in try await transaction.query(ImportSQL.merge, [author.map { .text($0.id) } ?? .null]) {
            failures.append(.alreadyExists(try row[1].bool ? .id : .email, at: try row[0].int64))
          }
        }
        failures.sort { $0.index < $1.index }
        let room = Int64(ImportProgress.maximumFailures) - min(progress.failed, Int64(ImportProgress.maximumFailures))
        if !failures.isEmpty, room > 0 {
          try await transaction.query(
            ImportSQL.noteFailures,
            [
              id, .textArray(failures.map { "\($0.index)" }), .textArray(failures.map(\.reason)),
              .textArray(failures.map(\.field)), .textArray(failures.map(\.description)), .int64(room),
            ])
        }
        progress.rowCount = chunk.endIndex
        progress.failed += Int64(failures.count)
        progress.imported += chunk.rowCount - Int64(failures.count)
        try await transaction.query(
          ImportSQL.note, [id, .int64(progress.rowCount), .int64(progress.imported), .int64(progress.failed)])
        return progress
      }
    }
    onWrite()
    return try await withFailures(progress, deadline)
  }

  /// Two reads: of the import and of its failures.
  public nonisolated(nonsending) func findImport(
    _ id: UserID, deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress? {
    guard let row = try await query(ImportSQL.find, [.uuid(id.high, id.low)], deadline).first else { return nil }
    let progress: ImportProgress
    do throws(PostgresError) { progress = try Self.progress(id, row) } catch { throw StoreError(error) }
    return try await withFailures(progress, deadline)
  }

  private nonisolated(nonsending) func withFailures(
    _ progress: ImportProgress, _ deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress {
    guard progress.failed > 0 else { return progress }
    var progress = progress
    let rows = try await query(ImportSQL.findFailures, [.uuid(progress.id.high, progress.id.low)], deadline)
    do throws(PostgresError) {
      progress.failures = []
      for row in rows {
        progress.failures.append(
          ImportRowFailure(
            index: try row[0].int64, reason: try row[1].text, field: try row[2].text, description: try row[3].text))
      }
    } catch {
      throw StoreError(error)
    }
    return progress
  }

  private static func progress(_ id: UserID, _ row: PostgresRow) throws(PostgresError) -> ImportProgress {
    var progress = ImportProgress(id: id)
    (progress.rowCount, progress.imported, progress.failed) = (try row[0].int64, try row[1].int64, try row[2].int64)
    return progress
  }

  private static func copyRows(_ chunk: ImportChunk) throws(StoreError) -> CopyRows {
    var rows = CopyRows()
    do throws(PostgresError) {
      for row in chunk.rows {
        let user = row.user
        try rows.append([
          .int64(row.index), .uuid(user.id.high, user.id.low), .text(user.email.address), .text(user.email.normalForm),
          .text(user.name), .text(LabelsJSON.encode(user.labels)), row.passwordHash.map { .text($0) } ?? .null,
        ])
      }
    } catch {
      throw StoreError(error)
    }
    return rows
  }
}
