import Primitives
import Testing
import UserStoreContract

@testable import UserService

@Suite struct Base64URLTests {
  @Test(
    arguments: [
      ([], ""), ([0], "AA"), ([0xff], "_w"), ([0xfb, 0xff], "-_8"), ([1, 2, 3], "AQID"),
      ([0x66, 0x6f, 0x6f, 0x62], "Zm9vYg"),
    ] as [([UInt8], String)])
  func bothWays(bytes: [UInt8], text: String) {
    #expect(Base64URL.encode(bytes) == text)
    #expect(Base64URL.decode(text) == bytes)
  }

  @Test(arguments: ["A", "AAAAA", "AA==", "A+", "A/", "AB", "_x", "-_9", "A A", "é", "A\0"])
  func refuses(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }

  @Test func anyBytes() {
    for count in 0..<70 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
  }
}

@Suite struct EtagTests {
  private static let id = UserID(high: 0x01890a5d_ac96774b, low: 0xbcceb302_099a8057)
  private static let other = UserID(high: 0x01890a5d_ac96774b, low: 0xbcceb302_099a8058)

  @Test(arguments: [1, 2, 3, 255, 256, 1 << 40, .max] as [Int64])
  func standsForOneVersionOfOneUser(version: Int64) {
    let etag = Etag.make(Self.id, version: version)
    #expect(etag.utf8.count == 15)
    #expect(Etag.version(of: etag, for: Self.id) == version)
    #expect(Etag.version(of: etag, for: Self.other) == nil)
    #expect(Etag.make(Self.other, version: version) != etag)
    #expect(Etag.make(Self.id, version: version &+ 1) != etag)
  }

  @Test func anyChangedCharacterIsFound() {
    let etag = Array(Etag.make(Self.id, version: 7).utf8)
    for index in etag.indices {
      for replacement in "Aa0_-Zz".utf8 where replacement != etag[index] {
        var changed = etag
        changed[index] = replacement
        #expect(Etag.version(of: String(decoding: changed, as: UTF8.self), for: Self.id) == nil)
      }
    }
  }

  @Test(arguments: ["x", "\"", "*", "W/\"1\"", "AAAAAAAAAAAAAAA", "é", "\0"])
  func foreignTextsMatchNothing(text: String) {
    #expect(Etag.version(of: text, for: Self.id) == nil)
    #expect(VersionCondition(etag: text, of: Self.id) == .never)
  }

  @Test func emptyAsksForNothing() {
    #expect(VersionCondition(etag: "", of: Self.id) == .any)
    #expect(VersionCondition.any.allows(3))
    #expect(VersionCondition.exactly(3).allows(3))
    #expect(!VersionCondition.exactly(3).allows(4))
    #expect(!VersionCondition.never.allows(3))
  }
}

@Suite struct PageTokenTests {
  private static let id = UserID(high: 1, low: 2)
  private static let key = PageTokenKey.random()

  private static func encode(_ cursor: UserCursor, _ order: UserOrder, showDeleted: Bool) throws -> String {
    try #require(PageToken.encode(cursor, order: order, showDeleted: showDeleted, key: key))
  }

  private static func decode(_ token: String, _ order: UserOrder, showDeleted: Bool) -> UserCursor? {
    PageToken.decode(token, order: order, showDeleted: showDeleted, key: key)
  }

  private static let cases: [(UserCursor, UserOrder)] = [
    (.createTime(1_700_000_000_123_456, id), UserOrder(.createTime)),
    (.createTime(-1, UserID(high: .max, low: .max)), UserOrder(.createTime, isDescending: true)),
    (.email("ann@example.com"), UserOrder(.email)),
    (.email("用户@例子.公司"), UserOrder(.email, isDescending: true)),
    (.id(id), UserOrder(.id)),
  ]

  @Test(arguments: cases) func comesBack(cursor: UserCursor, order: UserOrder) throws {
    for showDeleted in [false, true] {
      let token = try Self.encode(cursor, order, showDeleted: showDeleted)
      #expect(Self.decode(token, order, showDeleted: showDeleted) == cursor)
      #expect(Self.decode(token, order, showDeleted: !showDeleted) == nil)
      for key in UserOrder.Key.allCases {
        for isDescending in [false, true] {
          let other = UserOrder(key, isDescending: isDescending)
          if other != order { #expect(Self.decode(token, other, showDeleted: showDeleted) == nil) }
        }
      }
    }
  }

  @Test(arguments: cases) func anyChangedCharacterIsFound(cursor: UserCursor, order: UserOrder) throws {
    let token = Array(try Self.encode(cursor, order, showDeleted: false).utf8)
    for index in token.indices {
      for replacement in "Aa0_".utf8 where replacement != token[index] {
        var changed = token
        changed[index] = replacement
        #expect(Self.decode(String(decoding: changed, as: UTF8.self), order, showDeleted: false) == nil)
      }
      #expect(
        Self.decode(String(decoding: token[..<index], as: UTF8.self), order, showDeleted: false) == nil)
    }
  }

  @Test(arguments: ["x", "AQ", "====", "\0", "é", String(repeating: "A", count: 1 << 20)])
  func garbage(text: String) {
    #expect(Self.decode(text, UserOrder(.createTime), showDeleted: false) == nil)
  }

  @Test func longestEmailFits() throws {
    let order = UserOrder(.email)
    let cursor = UserCursor.email(String(repeating: "a", count: EmailSyntax.maximumBytes))
    let token = try Self.encode(cursor, order, showDeleted: true)
    #expect(Self.decode(token, order, showDeleted: true) == cursor)
  }

  @Test(arguments: cases) func tellsNothing(cursor: UserCursor, order: UserOrder) throws {
    let bytes = try #require(Base64URL.decode(try Self.encode(cursor, order, showDeleted: false)))
    if case .email(let email) = cursor {
      // Not even a few letters of it in a row.
      for start in email.utf8.indices.dropLast(3) {
        #expect(!bytes.contains(Array(email.utf8[start...].prefix(4))))
      }
    }
    // Another directory has another key.
    let token = try Self.encode(cursor, order, showDeleted: false)
    #expect(PageToken.decode(token, order: order, showDeleted: false, key: .random()) == nil)
  }

  @Test func keysHave64Bytes() {
    for count in [0, 16, 32, 63, 65] { #expect(PageTokenKey([UInt8](repeating: 0, count: count)) == nil) }
  }
}
