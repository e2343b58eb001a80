internal import Primitives

/// A position of the feed, as an opaque text that watchers send back. It is encrypted and authenticated, with the key
/// of the store's page tokens: nobody can make up a place, or learn from two tokens how many changes lie between them.
enum ResumeToken {
  /// Increased when the layout changes.
  private static let layout: UInt8 = 1
  /// The layout, the seal and two numbers, in base64: nothing longer is decoded.
  private static let maximumLength = 64
  private static let context = Array("users.v1.WatchUsers".utf8) + [layout]

  /// Nil if OpenSSL fails: see `PageTokenKey.seal`.
  static func encode(_ position: FeedPosition, key: PageTokenKey) -> String? {
    let place = bytes(position.number) + bytes(position.stamp)
    return key.seal(place, context: context).map { Base64URL.encode([layout] + $0) }
  }

  /// Nil unless it is a token of this store.
  static func decode(_ token: String, key: PageTokenKey) -> FeedPosition? {
    guard token.utf8.count <= maximumLength, let bytes = Base64URL.decode(token), bytes.first == layout,
      let place = key.open(bytes.dropFirst(), context: context), place.count == 16
    else { return nil }
    return FeedPosition(number: number(place.prefix(8)), stamp: number(place.suffix(8)))
  }

  private static func bytes(_ number: Int64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
    bytes.reduce(0) { $0 << 8 | Int64($1) }
  }
}
