/// Why a message could not be compressed or decompressed.
package enum CompressionError: Error, Sendable, Hashable {
  /// The bytes are not valid for the algorithm: damaged, truncated, or followed by others.
  case damaged
  /// The message, or what it decompresses to, is larger than the limit.
  case tooLarge(limit: Int)
  case outOfMemory
}
