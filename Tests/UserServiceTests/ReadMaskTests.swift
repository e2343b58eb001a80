import ProtoWire
import Testing
import UserAPI

@testable import UserService

@Suite struct ReadMaskTests {
  private static func parse(_ paths: [String]?, keepsID: Bool = false) -> (mask: ReadMask?, [FieldViolation]) {
    var violations = FieldViolations()
    let message = paths.map { paths in Google_Protobuf_FieldMask.with { $0.paths = paths } }
    let mask = ReadMask.parse(message, field: "read_mask", keepsID: keepsID, into: &violations)
    return (mask, violations.items)
  }

  private static let record = UserRecord(
    id: UserID(high: 1, low: 2), email: "ann@example.com", name: "Ann", labels: ["a": "b", "c.d": "e"],
    createTime: 1_000_000, updateTime: 2_000_000, deleteTime: 3_000_000, purgeTime: 4_000_000, version: 5)

  @Test func absentMeansAll() {
    for paths in [nil, [], ["*"], ["id", "*"], ["labels.a", "*"]] as [[String]?] {
      let (mask, violations) = Self.parse(paths)
      #expect(mask == nil && violations.isEmpty)
    }
  }

  @Test func everyFieldCanBeHad() throws {
    let user = User(Self.record)
    var joined: [UInt8] = []
    for path in [
      "id", "email", "name", "labels", "state", "create_time", "update_time", "delete_time", "purge_time", "etag",
    ] {
      let mask = try #require(Self.parse([path]).mask)
      let part = mask.apply(to: user).wireBytes()
      #expect(!part.isEmpty)
      joined += part
    }
    // Fields in their order, each once: together they are the whole message.
    #expect(try User(wireBytes: joined) == user)
  }

  @Test func labelsOneByOne() throws {
    for (path, labels) in [
      ("labels.a", ["a": "b"]), ("labels.`a`", ["a": "b"]), ("labels.`c.d`", ["c.d": "e"]), ("labels.x", [:]),
    ] {
      let mask = try #require(Self.parse([path]).mask)
      #expect(User(Self.record, mask) == User.with { $0.labels = labels })
    }
    let both = try #require(Self.parse(["labels.a", "labels"]).mask)
    #expect(User(Self.record, both).labels == Self.record.labels)
  }

  @Test func anIDIsKept() throws {
    let mask = try #require(Self.parse(["name"], keepsID: true).mask)
    #expect(User(Self.record, mask).id == Self.record.id.description && User(Self.record, mask).email.isEmpty)
  }

  @Test(arguments: [
    "", "nope", "Email", "createTime", "labels.", "labels.A", "labels.a.b", "labels.``", "labels.`a", "labels.`A`",
    "labels.a/b", "user.email", "email,name", " email", "labels.*", "**",
  ])
  func refuses(path: String) {
    let (_, violations) = Self.parse(["name", path])
    #expect(violations.map(\.field) == ["read_mask.paths[1]"] && violations.map(\.reason) == [.unknownField])
  }

  @Test func pathsHaveALimit() {
    #expect(Self.parse(Array(repeating: "id", count: 100)).1.isEmpty)
    #expect(Self.parse(Array(repeating: "id", count: 101)).1.map(\.reason) == [.tooMany])
  }
}
