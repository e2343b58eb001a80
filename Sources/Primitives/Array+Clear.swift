extension Array {
  /// Removes all elements and keeps the memory. For a few elements it is cheaper than `removeAll(keepingCapacity:)`,
  /// which destroys them through their type's metadata.
  @inlinable @inline(__always)
  public mutating func clear() {
    while !isEmpty { removeLast() }
  }
}
