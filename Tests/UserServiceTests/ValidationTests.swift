import Testing

@testable import UserService

@Suite struct UserOrderTests {
  @Test(arguments: [
    ("", UserOrder(.createTime)), ("  ", UserOrder(.createTime)), ("create_time", UserOrder(.createTime)),
    ("create_time desc", UserOrder(.createTime, isDescending: true)), ("email", UserOrder(.email)),
    (" email   asc ", UserOrder(.email)), ("email\tdesc", UserOrder(.email, isDescending: true)),
    ("update_time desc", UserOrder(.updateTime, isDescending: true)), ("name", UserOrder(.name)),
    ("delete_time", UserOrder(.deleteTime)),
  ])
  func accepts(text: String, order: UserOrder) {
    #expect(UserOrder(orderBy: text) == order)
  }

  @Test(arguments: [
    "id", "labels", "email,create_time", "email, create_time", "email desc asc", "desc", "Email", "EMAIL", "email DESC",
    "-email", "email desc,", "create_time;", "email\0", "email desc\n", "createTime", "é",
  ])
  func refuses(text: String) {
    #expect(UserOrder(orderBy: text) == nil)
  }
}

@Suite struct UpdateMaskTests {
  private func parse(_ paths: [String], _ populated: UpdateMask = []) -> (UpdateMask, [FieldViolation]) {
    var violations = FieldViolations()
    let mask = UpdateMask.parse(paths, populated: populated, field: "update_mask", into: &violations)
    return (mask, violations.items)
  }

  @Test(
    arguments: [
      (["email"], UpdateMask.email), (["name"], .name), (["labels"], .labels),
      (["labels", "email"], [.email, .labels]),
      (["email", "email"], .email), (["*"], .all),
    ] as [([String], UpdateMask)])
  func accepts(paths: [String], mask: UpdateMask) {
    let (found, violations) = parse(paths)
    #expect(found == mask)
    #expect(violations.isEmpty)
  }

  @Test func absentMeansPopulated() {
    #expect(parse([], [.name, .labels]).0 == [.name, .labels])
    #expect(parse([], []).0 == [])
    // A mask names what it names, whatever is populated.
    #expect(parse(["email"], [.name]).0 == .email)
  }

  @Test(arguments: [
    ("id", FieldViolation.Reason.immutableField), ("state", .immutableField), ("create_time", .immutableField),
    ("update_time", .immutableField), ("delete_time", .immutableField), ("purge_time", .immutableField),
    ("etag", .immutableField), ("", .unknownField), ("nope", .unknownField), ("Email", .unknownField),
    ("user.email", .unknownField), ("labels.a.b", .unknownField), ("labels.*", .unknownField), ("**", .unknownField),
    ("createTime", .unknownField), (" email", .unknownField), ("email,name", .unknownField),
  ])
  func refuses(path: String, reason: FieldViolation.Reason) {
    let (_, violations) = parse(["name", path])
    #expect(violations.map(\.reason) == [reason])
    #expect(violations.map(\.field) == ["update_mask.paths[1]"])
  }

  @Test func starStandsAlone() {
    #expect(parse(["*", "email"]).1.map(\.reason) == [.invalidFormat])
    #expect(parse(["email", "*"]).1.map(\.reason) == [.invalidFormat])
  }

  @Test func allViolationsAtOnce() {
    #expect(parse(["id", "nope", "email", "labels.X"]).1.count == 3)
  }
}

@Suite struct FieldRulesTests {
  private func check<T>(_ body: (inout FieldViolations) -> T?) -> (T?, [FieldViolation]) {
    var violations = FieldViolations()
    let value = body(&violations)
    return (value, violations.items)
  }

  @Test(arguments: [
    ("", ""), ("Ann", "Ann"), ("  Ann Lee \n", "Ann Lee"), ("安", "安"), ("O'Neill \"Jr\" <x>", "O'Neill \"Jr\" <x>"),
    (" \t ", ""),
    // Persian and emoji have joiners and selectors, and who writes from the right may mark it.
    ("علی\u{200c}رضا", "علی\u{200c}رضا"),
    ("👩\u{200d}🚀 ❤\u{fe0f}", "👩\u{200d}🚀 ❤\u{fe0f}"), ("\u{200f}א", "\u{200f}א"),
  ])
  func names(text: String, stored: String) {
    #expect(check { FieldRules.name(text, field: "name", into: &$0) }.0 == stored)
  }

  @Test(arguments: [
    "a\0b", "a\nb", "a\u{7f}b", "a\u{85}b", "a\u{2028}b", "\u{1b}[31m", "a\u{202e}b", "\u{2066}a\u{2069}",
    // Nothing to be seen.
    "\u{3164}", "\u{200d}", "\u{2800} \u{115f}", "\u{fe0f}",
  ])
  func namesWithControlCharacters(text: String) {
    let (value, violations) = check { FieldRules.name(text, field: "name", into: &$0) }
    #expect(value == nil)
    #expect(violations.map(\.reason) == [.invalidCharacter])
  }

  @Test func nameLimit() {
    #expect(check { FieldRules.name(String(repeating: "é", count: 200), field: "name", into: &$0) }.0 != nil)
    #expect(check { FieldRules.name(String(repeating: "🦊", count: 200), field: "name", into: &$0) }.0 != nil)
    for text in [
      String(repeating: "a", count: 201), String(repeating: "🦊", count: 201), String(repeating: "a", count: 1 << 20),
      // One grapheme, many scalars.
      "e" + String(repeating: "\u{301}", count: 200),
    ] {
      let (value, violations) = check { FieldRules.name(text, field: "name", into: &$0) }
      #expect(value == nil)
      #expect(violations.map(\.reason) == [.tooLong])
    }
    // Both at once.
    let both = "a\0" + String(repeating: "a", count: 200)
    #expect(check { FieldRules.name(both, field: "name", into: &$0) }.1.count == 2)
  }

  @Test(
    arguments: [
      ([:], 0), (["a": ""], 0), (["team/a-b_c.9": "x y"], 0), (["": "x"], 1), (["Team": "x"], 1), (["a b": "x"], 1),
      (["é": "x"], 1), (["a\0": "x"], 1), (["a": "x\0"], 1), (["a": "x\n"], 1), (["A": "\0"], 2),
      (["A": "", "B": ""], 2),
      ([String(repeating: "k", count: 63): "x"], 0), ([String(repeating: "k", count: 64): "x"], 1),
      (["k": String(repeating: "v", count: 256)], 0), (["k": String(repeating: "v", count: 257)], 1),
      (["k": String(repeating: "é", count: 129)], 1), (["k": "a\u{202e}b"], 1), (["k": "👩\u{200d}🚀"], 0),
    ] as [([String: String], Int)])
  func labels(labels: [String: String], violations: Int) {
    let (value, found) = check { FieldRules.labels(labels, field: "labels", into: &$0) }
    #expect(found.count == violations)
    #expect(value == (violations == 0 ? labels : nil))
  }

  @Test func labelReasons() {
    func reasons(_ key: String) -> [FieldViolation.Reason] {
      check { FieldRules.labels([key: ""], field: "labels", into: &$0) }.1.map(\.reason)
    }
    #expect(reasons("") == [.required])
    #expect(reasons(String(repeating: "k", count: 64)) == [.tooLong])
    #expect(reasons("K") == [.invalidCharacter])
  }

  @Test func labelCount() {
    func labels(_ count: Int) -> [String: String] {
      Dictionary(uniqueKeysWithValues: (0..<count).map { ("k\($0)", "v") })
    }
    #expect(check { FieldRules.labels(labels(64), field: "labels", into: &$0) }.0?.count == 64)
    #expect(check { FieldRules.labels(labels(65), field: "labels", into: &$0) }.1.map(\.reason) == [.tooMany])
  }

  @Test func ids() {
    #expect(check { FieldRules.id("", field: "id", into: &$0) }.1.map(\.reason) == [.required])
    #expect(check { FieldRules.id("x", field: "id", into: &$0) }.1.map(\.reason) == [.invalidFormat])
    let zero = "00000000-0000-0000-0000-000000000000"
    #expect(check { FieldRules.id(zero, field: "id", into: &$0) }.0 == .nil)
    #expect(check { FieldRules.newID(zero, field: "id", into: &$0) }.1.map(\.reason) == [.outOfRange])
  }

  /// The message goes into logs; the details tell the caller which key it is.
  @Test func theSummaryTellsNoKey() {
    var violations = FieldViolations()
    let key = "ann@example.com"
    _ = FieldRules.labels([key: ""], field: "user.labels", into: &violations)
    #expect(violations.items.map(\.field) == ["user.labels[\"\(key)\"]"])
    #expect(violations.summary == "user.labels must have a key of only a-z, 0-9 and _ . / -.")
    let path = FieldViolations("update_mask.paths[1]", .unknownField, "must be known")
    #expect(path.summary == "update_mask.paths[1] must be known.")
  }

  @Test func manyViolationsAreCountedNotListed() {
    var violations = FieldViolations()
    for index in 0..<1000 { violations.add("f\(index)", .required, "must be given") }
    #expect(violations.items.count == FieldViolations.maximumCount)
    #expect(violations.count == 1000)
    #expect(violations.summary == "f0 must be given (and 999 more).")
  }

  @Test(arguments: [
    ("team", "\"team\""), ("a\"b\\", "\"a\\\"b\\\\\""), ("\0\u{1b}", "\"\\u{0}\\u{1b}\""),
    (String(repeating: "k", count: 65), "\"" + String(repeating: "k", count: 64) + "…\""),
    (String(repeating: "k", count: 64), "\"" + String(repeating: "k", count: 64) + "\""),
    (String(repeating: "\0", count: 1 << 20), "\"" + String(repeating: "\\u{0}", count: 13) + "…\""),
  ])
  func quotedKeys(key: String, quoted: String) {
    #expect(FieldViolations.quoted(key) == quoted)
  }
}
