/// Where the next page begins, as the text that callers hand back: opaque, and good only for a list of the same order
/// and the same `show_deleted`.
///
/// It says after which user to go on, not how far: users that come or go in between make no page repeat or skip another
/// one. It is sealed: an email that a list has come to stands in no log or history of whoever keeps tokens, and only a
/// place that a list has come to can be asked for.
/// https://google.aip.dev/158
enum PageToken {
  /// Raised when the layout changes: tokens of another layout are refused like any foreign one. (1 was not encrypted.)
  private static let layout: UInt8 = 2
  /// Longer than any token that is handed out: nothing longer is decoded.
  private static let maximumLength = 512

  /// Nil if OpenSSL can't: see `PageTokenKey.seal`.
  static func encode(_ cursor: UserCursor, order: UserOrder, showDeleted: Bool, key: PageTokenKey) -> String? {
    var place: [UInt8] = []
    switch cursor {
    case .createTime(let time, let id):
      append(UInt64(bitPattern: time), to: &place)
      append(id, to: &place)
    case .email(let normalForm): place.append(contentsOf: normalForm.utf8)
    case .id(let id): append(id, to: &place)
    }
    return key.seal(place, context: context(order, showDeleted)).map { Base64URL.encode([layout] + $0) }
  }

  /// Nil if the token was not handed out for this order and `showDeleted`.
  static func decode(_ token: String, order: UserOrder, showDeleted: Bool, key: PageTokenKey) -> UserCursor? {
    guard token.utf8.count <= maximumLength, let bytes = Base64URL.decode(token), bytes.first == layout,
      let place = key.open(bytes.dropFirst(), context: context(order, showDeleted))
    else { return nil }
    switch order.key {
    case .createTime:
      guard place.count == 24 else { return nil }
      return .createTime(Int64(bitPattern: word(place.prefix(8))), id(place.suffix(16)))
    case .email:
      return String(validating: place, as: UTF8.self).map { .email($0) }
    case .id:
      guard place.count == 16 else { return nil }
      return .id(id(place[...]))
    }
  }

  private static func context(_ order: UserOrder, _ showDeleted: Bool) -> [UInt8] {
    "users.v1.ListUsers".utf8 + [layout, order.key.rawValue, order.isDescending ? 1 : 0, showDeleted ? 1 : 0]
  }

  private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
    for shift in stride(from: 56 as UInt64, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }

  private static func append(_ id: UserID, to bytes: inout [UInt8]) {
    append(id.high, to: &bytes)
    append(id.low, to: &bytes)
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

  private static func id(_ bytes: ArraySlice<UInt8>) -> UserID {
    UserID(high: word(bytes.prefix(8)), low: word(bytes.suffix(8)))
  }
}
