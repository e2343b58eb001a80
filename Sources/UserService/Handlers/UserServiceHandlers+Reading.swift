import ProtoWire

extension UserServiceHandlers {
  /// Reads from a copy of the store if the request allows its age, otherwise, and if the copy fails, from the store.
  func reading<T: Sendable>(
    within staleness: Duration?,
    _ body: nonisolated(nonsending) (any UserStore) async throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    guard let staleness, let copy = store.copy(within: staleness) else { return try await body(store) }
    do throws(StoreError) {
      return try await body(copy)
    } catch {
      guard case .failed(let failure) = error, failure.kind != .cancelled, failure.kind != .deadlineExceeded else {
        throw error
      }
      return try await body(store)
    }
  }

  /// How old an answer may be; nil: not at all.
  static func staleness(
    _ duration: Google_Protobuf_Duration?, into violations: inout FieldViolations
  ) -> Duration? {
    guard let duration else { return nil }
    guard duration.seconds >= 0, duration.nanos >= 0 else {
      violations.add("max_staleness", .outOfRange, "must not be negative")
      return nil
    }
    if duration.seconds == 0, duration.nanos == 0 { return nil }
    return .seconds(min(duration.seconds, 1 << 32)) + .nanoseconds(duration.nanos)
  }
}
