internal import ProtoWire
public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Merges the users of a stream, chunk by chunk. While the store merges one, the next one is read and validated;
  /// more is not read, so that a fast client waits for the store.
  /// - Throws: `UserServiceError`: an invalid import id or index, a stream without messages. `StoreError`.
  public func importUsers(
    _ requests: RequestStream<ImportUsersRequest>, context: ServerContext
  ) async throws -> UserImport {
    let requests = requests.makeAsyncIterator()
    let first = try await requests.next()
    var progress = try await begin(first, context)
    let id = progress.id
    var assembler = ImportAssembler(importID: id, first: progress.rowCount, ids: ids)
    // Rows of the stream that were merged by an earlier one.
    var skipped = progress.rowCount - (first?.firstIndex ?? 0)
    var next = first
    func read() async throws -> ImportChunk? {
      while let request = next {
        if skipped > 0 { skipped -= 1 } else { assembler.add(request.user) }
        next = try await requests.next()
        if assembler.isFull { break }
      }
      return assembler.chunk.rowCount == 0 ? nil : assembler.take()
    }
    var pending = try await read()
    while let chunk = pending {
      let (author, deadline) = (context.author, context.storeDeadline)
      async let merged = store.merge(chunk, by: author, deadline: deadline)
      pending = try await read()
      progress = try await merged
    }
    return UserImport(progress)
  }

  private func begin(_ first: ImportUsersRequest?, _ context: ServerContext) async throws -> ImportProgress {
    var violations = FieldViolations()
    guard let first else {
      violations.add("user", .required, "must be given: the stream is empty")
      throw UserServiceError.invalid(violations)
    }
    if first.firstIndex < 0 { violations.add("first_index", .outOfRange, "must not be negative") }
    let id =
      first.importID.isEmpty
      ? ids.next() : FieldRules.newID(first.importID, field: "import_id", into: &violations)
    guard violations.isEmpty, let id else { throw UserServiceError.invalid(violations) }
    let progress =
      try await store.findImport(id, deadline: context.storeDeadline) ?? ImportProgress(id: id)
    guard first.firstIndex <= progress.rowCount else {
      throw UserServiceError.importIncomplete(progress.rowCount)
    }
    return progress
  }

  /// How far an import is.
  /// - Throws: `UserServiceError`: an invalid id, or no such import. `StoreError`: the store failed.
  public func getImport(_ request: GetImportRequest, context: ServerContext) async throws -> UserImport {
    var violations = FieldViolations()
    guard let id = FieldRules.id(request.id, field: "id", into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    guard let progress = try await store.findImport(id, deadline: context.storeDeadline) else {
      throw UserServiceError.noImport
    }
    return UserImport(progress)
  }
}

extension UserImport {
  fileprivate init(_ progress: ImportProgress) {
    self.init()
    id = progress.id.description
    rowCount = progress.rowCount
    importedCount = progress.imported
    failedCount = progress.failed
    failures = progress.failures.map { failure in
      .with {
        $0.index = failure.index
        $0.reason = failure.reason
        $0.field = failure.field
        $0.description = failure.description
      }
    }
  }
}
