/// Something that at most one write of a loop changes at a time: a row, or a value of a unique column.
///
/// Writes that name the same key wait for each other inside the process, where waiting costs nothing, and not in
/// Postgres, where each would hold a connection. Two values with the same hash wait for each other too, which does no
/// harm.
public struct WriteKey: Sendable, Hashable {
  private let hash: Int

  /// - Parameters:
  ///   - kind: what the value is: a table's or a column's name.
  ///   - value: which one.
  public init(_ kind: StaticString, _ value: some Hashable) {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(start: kind.utf8Start, count: kind.utf8CodeUnitCount))
    hasher.combine(value)
    hash = hasher.finalize()
  }
}

/// Which part of the pool of connections a write may use.
public enum WritePriority: Sendable {
  case normal
  /// May also use the connections that are kept from all other writes: for the few writes without which nobody can sign
  /// in.
  case reserved
}
