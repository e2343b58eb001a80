import TestSupport
import Testing
import UserStoreContract

@testable import UserService

@Suite struct FilterParserTests {
  private static func filter(_ change: (inout UserFilter) -> Void) -> UserFilter {
    var filter = UserFilter()
    change(&filter)
    return filter
  }

  private static func times(_ field: UserFilter.TimeField, _ lower: Int64, _ upper: Int64) -> UserFilter {
    filter {
      var range = TimeRange()
      (range.lower, range.upper) = (lower, upper)
      $0.times[field] = range
    }
  }

  private static let accepted: [(String, UserFilter)] = [
    ("", UserFilter()), (" \t\n", UserFilter()),
    ("state = ACTIVE", filter { $0.isDeleted = false }), ("state=\"DELETED\"", filter { $0.isDeleted = true }),
    ("state = 'STATE_DELETED'", filter { $0.isDeleted = true }),
    ("name = Ann", filter { $0.name = .equals("Ann") }), ("name = \"\"", filter { $0.name = .equals("") }),
    ("name = \"Ann Lee*\"", filter { $0.name = .beginsWith("Ann Lee") }),
    ("name = Ann*", filter { $0.name = .beginsWith("Ann") }),
    (#"name = "Ann\*""#, filter { $0.name = .equals("Ann*") }),
    (#"name = 'a\'b\\"c"'"#, filter { $0.name = .equals("a'b\\\"c\"") }),
    (#"name = "\*\**""#, filter { $0.name = .beginsWith("**") }), ("name = 安*", filter { $0.name = .beginsWith("安") }),
    // A character that joins with what follows it.
    ("name = \u{600}*", filter { $0.name = .beginsWith("\u{600}") }),
    ("labels.team = core", filter { $0.labels = ["team": "core"] }),
    ("labels.team_a-b/c = \"\"", filter { $0.labels = ["team_a-b/c": ""] }),
    ("labels . \"a.b\" = 'AND'", filter { $0.labels = ["a.b": "AND"] }),
    ("labels.a = 1 AND labels.b = x=y", filter { $0.labels = ["a": "1", "b": "x=y"] }),
    ("create_time >= 1970-01-01T00:00:01Z", times(.createTime, 1_000_000, .max)),
    ("create_time > \"1970-01-01T00:00:01Z\"", times(.createTime, 1_000_001, .max)),
    ("update_time < 1970-01-01T01:00:01+01:00", times(.updateTime, .min, 1_000_000)),
    ("update_time <= 1970-01-01T00:00:01Z", times(.updateTime, .min, 1_000_001)),
    ("delete_time = 1970-01-01T00:00:01.5Z", times(.deleteTime, 1_500_000, 1_500_001)),
    // Between two microseconds.
    ("create_time >= 1970-01-01T00:00:00.0000015Z", times(.createTime, 2, .max)),
    ("create_time > 1970-01-01T00:00:00.0000015Z", times(.createTime, 2, .max)),
    ("create_time < 1970-01-01T00:00:00.0000015Z", times(.createTime, .min, 2)),
    ("create_time <= 1970-01-01T00:00:00.0000015Z", times(.createTime, .min, 2)),
    ("create_time = 1970-01-01T00:00:00.0000015Z", times(.createTime, 2, 2)),
    ("create_time >= 1969-12-31T23:59:59.999999Z", times(.createTime, -1, .max)),
    (
      "create_time >= 1970-01-01T00:00:01Z AND\ncreate_time<1970-01-01T00:00:02Z AND state=ACTIVE",
      filter {
        $0 = times(.createTime, 1_000_000, 2_000_000)
        $0.isDeleted = false
      }
    ),
  ]

  @Test(arguments: accepted) func accepts(text: String, filter: UserFilter) throws {
    #expect(try FilterParser.parse(text) == filter)
  }

  @Test func emailsAreComparedInNormalForm() throws {
    #expect(try FilterParser.parse("email = ANN@Example.COM").email?.normalForm == "ann@example.com")
    #expect(try FilterParser.parse(#"email = " ann@example.com ""#).email?.normalForm == "ann@example.com")
  }

  @Test(arguments: [
    "a", "=", "state", "state =", "state = NO", "state = active", "State = ACTIVE", "state = ACTIVE state = ACTIVE",
    "state = ACTIVE AND", "AND", "state = ACTIVE AND AND state = ACTIVE", "state = ACTIVE AND state = ACTIVE",
    "name = \"Ann", "name = 'Ann\"", "name = Ann AND name = Bob", "name == Ann", "name ! Ann", "name = \"a\u{1}b\"",
    "name.first = Ann", "email = ann", "email = \"\"", "email = a@b.example AND email = a@b.example",
    "create_time = yesterday", "create_time = \"\"", "create_time > 2026-02-30T00:00:00Z", "create_time > 1970-01-01",
    "create_time > 1970-01-01T00:00:00Z AND create_time > 1970-01-01T00:00:00Z", "create_time.seconds = 1",
    "labels. = x", "labels.A = x", "labels.\"\" = x", "labels.a.b = x", "labels.a = x AND labels.a = y",
    "labels.'a*' = x",
    "\"state\" = ACTIVE", "nope = 1", "\0", "state = ACTIVE,", "é = 1", ". = 1", "name = \"\\", "state = ACTIVE \0",
    "starts_with(name, 'A')",
  ])
  func refuses(text: String) { #expect(Self.problem(text)?.kind == .invalid) }

  @Test(arguments: [
    "state != ACTIVE", "NOT state = ACTIVE", "-state = ACTIVE", "state = ACTIVE OR state = DELETED", "(state = ACTIVE)",
    "state = (ACTIVE)", "state = ACTIVE)", "name > Ann", "name != Ann", "name = *", "name = \"*\"", "name = *nn",
    "name = A*n",
    "name = \"A*n\"", "name = \"**\"", "name : Ann", "email = *@example.com", "email = ann*", "email < ann@example.com",
    "labels : team", "labels = team", "labels.team : *", "labels.team = *", "labels.team = c*", "labels.team > a",
    "create_time != 1970-01-01T00:00:00Z", "id = 01890a5d-ac96-774b-bcce-b302099a8057", "etag = x", "purge_time > x",
    "name(1)",
  ])
  func refusesWhatNoIndexAnswers(text: String) {
    let problem = Self.problem(text)
    #expect(problem?.kind == .notIndexed, "\(text): \(String(describing: problem))")
  }

  private static func problem(_ text: String) -> FilterProblem? {
    do throws(FilterProblem) {
      _ = try FilterParser.parse(text)
      return nil
    } catch {
      return error
    }
  }

  @Test func limits() throws {
    let long = "name = " + String(repeating: "a", count: FilterParser.maximumBytes)
    #expect(Self.problem(long)?.kind == .tooLong)
    let exact = "labels.a = " + String(repeating: "a", count: 256)
    #expect(Self.problem(exact) == nil && Self.problem(exact + "a")?.kind == .invalid)
    let many = (0..<17).map { "labels.k\($0) = x" }
    #expect(try FilterParser.parse(many.dropLast().joined(separator: " AND ")).labels.count == 16)
    #expect(Self.problem(many.joined(separator: " AND "))?.kind == .tooLong)
  }

  /// A message is logged; a filter may have an email.
  @Test func problemsDoNotQuote() {
    for text in ["email = ann@", "ann@example.com = 1", "name = ann@example.com*x", "labels.ann@example.com = 1"] {
      #expect(Self.problem(text)?.description.contains("ann") == false)
    }
  }

  /// Whatever comes, it is parsed or refused, within the limits; what is parsed says what it was made of.
  @Test func randomTexts() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let parts = [
      "email", "name", "state", "create_time", "update_time", "delete_time", "labels", ".", "=", "!=", "<=", ">", ":",
      "\"", "'", "\\", "*", "(", ")", "-", " AND ", " OR ", "NOT ", " ", "ACTIVE", "a@b.example", "x",
      "1970-01-01T00:00:00Z", "\"a b\"", "\0", "é", "\u{1f98a}", "\u{600}", ",", "9999-12-31T23:59:59.999999999Z",
    ]
    var parsed = 0
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...12, using: &random)
      let text = (0..<count).map { _ in parts[Int.random(in: 0..<parts.count, using: &random)] }.joined()
      do throws(FilterProblem) {
        let filter = try FilterParser.parse(text)
        parsed += 1
        #expect(filter.name == nil || text.contains("name"), "seed \(seed): \(text)")
      } catch {
        #expect(!error.description.isEmpty, "seed \(seed): \(text)")
      }
    }
    #expect(parsed > 0)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...40, using: &random)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = Self.problem(String(decoding: bytes, as: UTF8.self))
    }
  }
}
