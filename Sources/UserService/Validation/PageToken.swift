internal import Primitives

/// Where the next page begins, as an opaque text that callers send back. It is valid only for a list with the same
/// order, the same `show_deleted` and the same filter.
///
/// It names the user after which the page begins, not an offset, so users that are created or deleted meanwhile make no
/// page repeat or skip others. It is encrypted and authenticated: nobody can read an email in a stored token, or make
/// up a place in the list.
/// https://google.aip.dev/158
enum PageToken {
  /// Increased when the layout changes: a token of another layout is refused like any invalid one. (1 was not
  /// encrypted.)
  private static let layout: UInt8 = 2
  /// Longer than any real token. Nothing longer is decoded.
  private static let maximumLength = 1200

  /// Nil if OpenSSL fails: see `PageTokenKey.seal`.
  static func encode(
    _ cursor: UserCursor, order: UserOrder, showDeleted: Bool, filter: [UInt8] = [], key: PageTokenKey
  ) -> String? {
    var place: [UInt8] = []
    switch cursor {
    case .createTime(let time, let id), .updateTime(let time, let id), .deleteTime(let time, let id):
      append(UInt64(bitPattern: time), to: &place)
      append(id, to: &place)
    case .name(let name, let id):
      append(id, to: &place)
      place.append(contentsOf: name.utf8)
    case .email(let normalForm): place.append(contentsOf: normalForm.utf8)
    case .id(let id): append(id, to: &place)
    }
    return key.seal(place, context: context(order, showDeleted, filter)).map { Base64URL.encode([layout] + $0) }
  }

  /// Nil unless it is a token for this order, `showDeleted` and filter.
  static func decode(
    _ token: String, order: UserOrder, showDeleted: Bool, filter: [UInt8] = [], key: PageTokenKey
  ) -> UserCursor? {
    guard token.utf8.count <= maximumLength, let bytes = Base64URL.decode(token), bytes.first == layout,
      let place = key.open(bytes.dropFirst(), context: context(order, showDeleted, filter))
    else { return nil }
    switch order.key {
    case .createTime: return timeAndID(place).map { .createTime($0, $1) }
    case .updateTime: return timeAndID(place).map { .updateTime($0, $1) }
    case .deleteTime: return timeAndID(place).map { .deleteTime($0, $1) }
    case .name:
      guard place.count >= 16 else { return nil }
      return String(validating: place.dropFirst(16), as: UTF8.self).map { .name($0, id(place.prefix(16))) }
    case .email:
      return String(validating: place, as: UTF8.self).map { .email($0) }
    case .id:
      guard place.count == 16 else { return nil }
      return .id(id(place[...]))
    }
  }

  private static func context(_ order: UserOrder, _ showDeleted: Bool, _ filter: [UInt8]) -> [UInt8] {
    "users.v1.ListUsers".utf8 + [layout, order.key.rawValue, order.isDescending ? 1 : 0, showDeleted ? 1 : 0] + filter
  }

  private static func timeAndID(_ place: [UInt8]) -> (Int64, UserID)? {
    guard place.count == 24 else { return nil }
    return (Int64(bitPattern: word(place.prefix(8))), id(place.suffix(16)))
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
