/// Where the next page begins, as the text that callers hand back: opaque, and good only for a list of the same order
/// and the same `show_deleted`.
///
/// It says after which user to go on, not how far: users that come or go in between make no page repeat or skip another
/// one. The sum is no secret. Whoever forges a token can only choose where to begin, which `order_by` grants anyway.
/// https://google.aip.dev/158
enum PageToken {
  /// Raised when the layout changes: tokens of another layout are refused like any foreign one.
  private static let layout: UInt8 = 1
  private static let header = 9
  /// Longer than any token that is handed out: nothing longer is decoded.
  private static let maximumLength = 512

  static func encode(_ cursor: UserCursor, order: UserOrder, showDeleted: Bool) -> String {
    var payload: [UInt8] = []
    switch cursor {
    case .createTime(let time, let id):
      append(UInt64(bitPattern: time), to: &payload)
      append(id, to: &payload)
    case .email(let normalForm): payload.append(contentsOf: normalForm.utf8)
    case .id(let id): append(id, to: &payload)
    }
    var bytes = [layout]
    append(sum(payload[...], order, showDeleted), to: &bytes)
    return Base64URL.encode(bytes + payload)
  }

  /// Nil if the token was not handed out for this order and `showDeleted`.
  static func decode(_ token: String, order: UserOrder, showDeleted: Bool) -> UserCursor? {
    guard token.utf8.count <= maximumLength, let bytes = Base64URL.decode(token), bytes.count >= header,
      bytes[0] == layout
    else { return nil }
    var payload = bytes[header...]
    guard word(bytes[1..<header]) == sum(payload, order, showDeleted) else { return nil }
    switch order.key {
    case .createTime:
      guard payload.count == 24 else { return nil }
      let time = Int64(bitPattern: word(payload.prefix(8)))
      payload = payload.dropFirst(8)
      return .createTime(time, UserID(high: word(payload.prefix(8)), low: word(payload.suffix(8))))
    case .email:
      // NUL could not be sent to Postgres; no address has one.
      guard let text = String(validating: payload, as: UTF8.self), !text.utf8.contains(0) else { return nil }
      return .email(text)
    case .id:
      guard payload.count == 16 else { return nil }
      return .id(UserID(high: word(payload.prefix(8)), low: word(payload.suffix(8))))
    }
  }

  private static func sum(_ payload: ArraySlice<UInt8>, _ order: UserOrder, _ showDeleted: Bool) -> UInt64 {
    var sum = Checksum()
    sum.add("users.v1.ListUsers".utf8)
    sum.add(layout)
    sum.add(order.key.rawValue)
    sum.add(order.isDescending ? 1 as UInt8 : 0)
    sum.add(showDeleted ? 1 as UInt8 : 0)
    sum.add(payload)
    return sum.value
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
}
