/// The indices of the fields or oneofs that occurred. Allocates nothing for indices below 64.
struct FieldSet {
  private var first: UInt64 = 0
  private var rest: [UInt64] = []

  /// Whether the index is new.
  @inline(__always)
  mutating func insert(_ index: Int) -> Bool {
    guard index < 64 else { return insertLarge(index) }
    let bit = (1 as UInt64) &<< UInt64(truncatingIfNeeded: index)
    defer { first |= bit }
    return first & bit == 0
  }

  @inline(__always)
  func contains(_ index: Int) -> Bool {
    guard index < 64 else { return containsLarge(index) }
    return first & (1 as UInt64) &<< UInt64(truncatingIfNeeded: index) != 0
  }

  @inline(never)
  private mutating func insertLarge(_ index: Int) -> Bool {
    let word = index / 64 - 1
    while rest.count <= word { rest.append(0) }
    let bit = (1 as UInt64) << UInt64(index % 64)
    defer { rest[word] |= bit }
    return rest[word] & bit == 0
  }

  @inline(never)
  private func containsLarge(_ index: Int) -> Bool {
    let word = index / 64 - 1
    return word < rest.count && rest[word] & (1 as UInt64) << UInt64(index % 64) != 0
  }
}
