/// Why bytes could not be compressed or decompressed.
package enum CompressionError: Error, Sendable, Hashable {
  /// Not what the algorithm writes: garbage, cut off, or with something behind its end.
  case damaged
  /// There is more in it than the limit allows.
  case tooLarge(limit: Int)
  case outOfMemory
}
