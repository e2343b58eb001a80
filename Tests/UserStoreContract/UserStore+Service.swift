public import UserService

/// Writes of the service itself, without an author: most tests don't care who writes.
extension UserStore {
  /// As the requirement of this name.
  /// - Throws: as that.
  public nonisolated(nonsending) func create(
    _ user: NewUser, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try await create(user, by: nil, deadline: deadline)
  }

  /// As the requirement of this name.
  /// - Throws: as that.
  public nonisolated(nonsending) func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try await update(id, change, expecting: expecting, by: nil, deadline: deadline)
  }

  /// As the requirement of this name.
  /// - Throws: as that.
  public nonisolated(nonsending) func delete(
    _ id: UserID, expecting: VersionCondition, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try await delete(id, expecting: expecting, by: nil, deadline: deadline)
  }

  /// As the requirement of this name.
  /// - Throws: as that.
  public nonisolated(nonsending) func undelete(
    _ id: UserID, expecting: VersionCondition, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try await undelete(id, expecting: expecting, by: nil, deadline: deadline)
  }

  /// As the requirement of this name.
  /// - Throws: as that.
  public nonisolated(nonsending) func create(
    _ users: [NewUser], deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    try await create(users, by: nil, deadline: deadline)
  }

  /// As the requirement of this name.
  /// - Throws: as that.
  public nonisolated(nonsending) func create(
    _ user: NewUser, once request: CreationRequest, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try await create(user, once: request, by: nil, deadline: deadline)
  }

  /// As the requirement of this name.
  /// - Throws: as that.
  public nonisolated(nonsending) func update(
    _ updates: [UserUpdate], deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    try await update(updates, by: nil, deadline: deadline)
  }
}
