import Testing
import UserStoreContract

@testable import UserService

@Suite struct ListPlanTests {
  private static func make(
    _ filter: String, _ order: String = "", showDeleted: Bool = false
  ) -> (plan: ListPlan?, violations: [FieldViolation]) {
    var violations = FieldViolations()
    let plan = ListPlan.make(filter: filter, orderBy: order, showDeleted: showDeleted, into: &violations)
    return (plan, violations.items)
  }

  @Test(arguments: [
    ("", "", UserOrder.Key.createTime, UserStates.live), ("", "name", .name, .live),
    ("state = DELETED", "", .createTime, .deleted), ("state = ACTIVE", "email", .email, .live),
    ("name = A*", "", .name, .live), ("name = A*", "name", .name, .live),
    ("update_time > 1970-01-01T00:00:00Z", "", .updateTime, .live),
    ("delete_time > 1970-01-01T00:00:00Z", "", .deleteTime, .deleted), ("", "delete_time", .deleteTime, .deleted),
    ("labels.a = b AND create_time > 1970-01-01T00:00:00Z", "", .createTime, .live),
    ("labels.a = b AND state = DELETED", "create_time", .createTime, .deleted),
    ("email = a@b.example AND name = A AND labels.a = b AND labels.c = d", "name", .name, .live),
  ])
  func accepts(filter: String, order: String, key: UserOrder.Key, states: UserStates) {
    let (plan, violations) = Self.make(filter, order)
    #expect(violations.isEmpty && plan?.order.key == key && plan?.states == states)
  }

  @Test func aFiltersStateTakesPrecedence() {
    #expect(Self.make("", showDeleted: true).plan?.states == .all)
    #expect(Self.make("state = ACTIVE", showDeleted: true).plan?.states == .live)
  }

  @Test(arguments: [
    ("name = A*", "email"), ("name = A*", "create_time"), ("name = A AND update_time > 1970-01-01T00:00:00Z", ""),
    ("create_time > 1970-01-01T00:00:00Z AND update_time > 1970-01-01T00:00:00Z", ""),
    ("labels.a = b AND labels.c = d", ""), ("labels.a = b", "email"), ("labels.a = b AND name = A", ""),
    ("state = ACTIVE", "delete_time"), ("state = ACTIVE AND delete_time > 1970-01-01T00:00:00Z", ""),
  ])
  func refusesWhatNoIndexAnswers(filter: String, order: String) {
    let (plan, violations) = Self.make(filter, order)
    #expect(plan == nil && violations.map(\.reason) == [.notIndexed] && violations.map(\.field) == ["filter"])
  }

  @Test func everyFieldIsNamed() {
    #expect(Self.make("x", "y").violations.map(\.field) == ["order_by", "filter"])
  }

  @Test(arguments: [
    ("Ann", "Ano"), ("Az", "A{"), ("\u{d7ff}", "\u{e000}"), ("a\u{10ffff}", "b"), ("\u{7f}", "\u{80}"),
  ])
  func prefixesEndBeforeTheNext(prefix: String, upper: String) {
    guard case .names(let lower, let found)? = Self.make("name = \"\(prefix)*\"").plan?.range else {
      // U+007F is a control character.
      #expect(prefix == "\u{7f}")
      return
    }
    #expect(lower == prefix && found == upper)
  }

  /// Lists that differ have tokens that differ.
  @Test func fingerprintsDiffer() {
    let filters = [
      "", "state = ACTIVE", "state = DELETED", "name = A*", "name = A", "name = B*", "labels.a = b", "labels.a = bb",
      "labels.aa = b", "labels.b = a", "create_time > 1970-01-01T00:00:00Z", "create_time < 1970-01-01T00:00:00Z",
    ]
    let prints = filters.compactMap { Self.make($0).plan?.fingerprint }
    #expect(Set(prints).count == filters.count)
  }
}
