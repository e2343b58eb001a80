/// A row, or a value of a unique column, that at most one write of a loop may change at a time.
///
/// Writes with the same key queue inside the process, where waiting costs nothing. In Postgres each waiting write would
/// hold a connection. Two keys whose hashes collide also queue behind each other, which is harmless.
public struct WriteKey: Sendable, Hashable {
  private let hash: Int

  /// - Parameters:
  ///   - kind: the name of the table or column that the value belongs to.
  ///   - value: identifies the row, or is the unique column's value.
  public init(_ kind: StaticString, _ value: some Hashable) {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(start: kind.utf8Start, count: kind.utf8CodeUnitCount))
    hasher.combine(value)
    hash = hasher.finalize()
  }
}

/// Which connections of the pool a write may use.
public enum WritePriority: Sendable {
  /// All but the reserved connections.
  case normal
  /// May also use the reserved connections. For the few writes without which nobody can sign in.
  case reserved
}
