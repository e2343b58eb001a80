package import UserService

extension InMemoryUserStore {
  package func merge(
    _ chunk: ImportChunk, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress {
    try inState { state throws(StoreError) in
      var progress = state.imports[chunk.importID] ?? ImportProgress(id: chunk.importID)
      if progress.rowCount >= chunk.endIndex { return progress }
      guard progress.rowCount == chunk.firstIndex else { throw .refused(.importMoved(chunk.importID)) }
      var failures = chunk.failures
      for row in chunk.rows {
        do throws(StoreError) {
          _ = try Self.create(row.user, by: author, &state)
          if let hash = row.passwordHash { state.hashes[row.user.id] = hash }
        } catch {
          guard case .refused(.alreadyExists(let field)) = error else { throw error }
          failures.append(.alreadyExists(field, at: row.index))
        }
      }
      failures.sort { $0.index < $1.index }
      progress.rowCount = chunk.endIndex
      progress.failed += Int64(failures.count)
      progress.imported += chunk.rowCount - Int64(failures.count)
      progress.failures = Array((progress.failures + failures).prefix(ImportProgress.maximumFailures))
      state.imports[chunk.importID] = progress
      return progress
    }
  }

  package func findImport(_ id: UserID, deadline: UInt64?) async throws(StoreError) -> ImportProgress? {
    try inState { state throws(StoreError) in state.imports[id] }
  }
}
