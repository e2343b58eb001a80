import Postgres
import Synchronization
import UserService

extension UserSQL {
  /// Which statement reads a page: everything but its values.
  struct PageShape: Hashable, Sendable {
    /// Where a page begins: at the start of the list, behind a user, or at the start of a range.
    enum Start: String, Hashable, Sendable, CaseIterable {
      case first = ""
      case cursor = "_next"
      case bound = "_from"
    }

    var order: UserOrder
    var states: UserStates
    var start: Start
    /// The list has a range: it ends at its end.
    var hasEnd: Bool
    var hasLabel: Bool

    init(_ query: UserPageQuery) {
      order = query.order
      states = query.order.key == .deleteTime ? .deleted : query.states
      hasEnd = query.range != nil
      start = query.cursor != nil ? .cursor : query.range != nil ? .bound : .first
      hasLabel = query.label != nil
    }

    var name: String {
      let states =
        switch states {
        case .live: ""
        case .all: "_all"
        case .deleted: "_deleted"
        }
      return "by_\(order.key.columnName)\(order.isDescending ? "_desc" : "")\(states)\(hasLabel ? "_label" : "")"
        + start.rawValue + (hasEnd ? "_to" : "")
    }
  }

  /// The most rows that a page of a label reads.
  static let maximumLabelRows = 1001

  /// One page of users. The parameters: the limit; the user or the bound at which it begins, if any; the other bound of
  /// the range, if any; the label's key and value, if any.
  ///
  /// It is one walk along one index, whatever the page: a row comparison, `(create_time, id) > ($2, $3)`, lets Postgres
  /// start at the page's first row. With a cursor the range's own start is left out, because Postgres may choose
  /// either to start at.
  static func page(_ query: UserPageQuery) -> Statement { statements.page(PageShape(query)) }

  /// How many users there are, $1 at the most: the same conditions without an order.
  static func count(_ query: UserPageQuery) -> Statement { statements.count(PageShape(query)) }

  private static let statements = PageStatements()

  /// The statements that were made. There are some hundred shapes, most of which nobody uses.
  private final class PageStatements: Sendable {
    private let pages = Mutex<[PageShape: Statement]>([:])
    private let counts = Mutex<[PageShape: Statement]>([:])

    func page(_ shape: PageShape) -> Statement {
      pages.withLock { pages in
        if let statement = pages[shape] { return statement }
        let statement = PageText(shape).page
        pages[shape] = statement
        return statement
      }
    }

    func count(_ shape: PageShape) -> Statement {
      counts.withLock { counts in
        if let statement = counts[shape] { return statement }
        let statement = PageText(shape).count
        counts[shape] = statement
        return statement
      }
    }
  }
}

extension UserOrder.Key {
  /// The column, for names.
  fileprivate var columnName: String {
    switch self {
    case .createTime: "create_time"
    case .email: "email"
    case .id: "id"
    case .updateTime: "update_time"
    case .name: "name"
    case .deleteTime: "delete_time"
    }
  }

  /// The columns of the order, as its indexes have them.
  fileprivate var columns: [String] {
    switch self {
    case .email: ["email_normalized"]
    case .id: ["id"]
    case .name: ["name COLLATE \"C\"", "id"]
    case .createTime, .updateTime, .deleteTime: [columnName, "id"]
    }
  }

  /// Whether one index has deleted users and others. The orders that came later have an index for each, of which a
  /// creation pays for one.
  fileprivate var hasCommonIndex: Bool {
    switch self {
    case .createTime, .email, .id: true
    case .updateTime, .name, .deleteTime: false
    }
  }
}

/// The text of the statements of a shape.
private struct PageText {
  private let shape: UserSQL.PageShape
  private let columns: [String]
  private let direction: String

  init(_ shape: UserSQL.PageShape) {
    self.shape = shape
    columns = shape.hasLabel ? ["create_time", "user_id"] : shape.order.key.columns
    direction = shape.order.isDescending ? " DESC" : ""
  }

  var page: Statement {
    let name = "users_page_\(shape.name)"
    let selection = "\(UserSQL.columns), email_normalized"
    let parts = sources.map { ordered($0, shape.hasLabel ? "create_time, user_id" : selection) }
    guard shape.hasLabel else { return Statement(name, merged(parts), isReadOnly: true) }
    let found = selection.split(separator: ", ").map { "found.\($0)" }.joined(separator: ", ")
    // LIMIT keeps Postgres from joining in another way than row by row, whatever size it believes the tables to have.
    return Statement(
      name,
      """
      SELECT \(found) FROM (\(merged(parts))) label
      CROSS JOIN LATERAL (SELECT \(selection) FROM users WHERE users.id = label.user_id LIMIT 1) found
      ORDER BY label.create_time\(direction), label.user_id\(direction)
      """, isReadOnly: true)
  }

  var count: Statement {
    let parts = sources.map { part in
      let all = (part.condition.map { [$0] } ?? []) + conditions(begins: shape.hasEnd ? .bound : .first)
      return "(SELECT 1 AS one FROM \(table)" + (all.isEmpty ? "" : " WHERE \(all.joined(separator: " AND "))")
        + " LIMIT $1)"
    }
    return Statement(
      "users_count_\(shape.name)",
      "SELECT LEAST(count(*), $1) FROM (\(parts.joined(separator: " UNION ALL "))) counted", isReadOnly: true)
  }

  // MARK: Parts

  /// Whether its users are deleted, and the condition that says so; nil: both.
  private typealias Source = (isDeleted: Bool?, condition: String?)

  /// One source of rows for each index that has some of them.
  private var sources: [Source] {
    func source(_ isDeleted: Bool) -> Source {
      let condition =
        shape.hasLabel
        ? "is_deleted = \(isDeleted)" : isDeleted ? "delete_time IS NOT NULL" : "delete_time IS NULL"
      return (isDeleted, condition)
    }
    return switch shape.states {
    case .live: [source(false)]
    case .deleted: [source(true)]
    case .all: !shape.hasLabel && shape.order.key.hasCommonIndex ? [(nil, nil)] : [source(false), source(true)]
    }
  }

  private var table: String { shape.hasLabel ? "user_labels" : "users" }
  private var order: String { columns.map { $0 + direction }.joined(separator: ", ") }

  /// The first rows of the parts together.
  private func merged(_ parts: [String]) -> String {
    if parts.count == 1 { return parts[0] }
    let all = parts.map { "(\($0))" }.joined(separator: " UNION ALL ")
    return "SELECT * FROM (\(all)) merged ORDER BY \(order) LIMIT $1"
  }

  private func ordered(_ source: Source, _ selection: String) -> String {
    let all = (source.condition.map { [$0] } ?? []) + conditions(begins: shape.start)
    let condition = all.isEmpty ? "" : "WHERE \(all.joined(separator: " AND ")) "
    let select = "SELECT \(selection) FROM \(table) \(condition)ORDER BY \(order) LIMIT "
    // A limit that Postgres knows when it plans: it takes the parameter for a tenth of the label's users, for whom a
    // sort would be right.
    return shape.hasLabel ? "SELECT * FROM (\(select)\(UserSQL.maximumLabelRows)) part LIMIT $1" : select + "$1"
  }

  /// The conditions on the order's columns and the label.
  private func conditions(begins start: UserSQL.PageShape.Start) -> [String] {
    var conditions: [String] = []
    var next = 2
    func parameter() -> String {
      defer { next += 1 }
      return "$\(next)"
    }
    let isDescending = shape.order.isDescending
    switch start {
    case .first: break
    case .cursor:
      let values = columns.map { _ in parameter() }
      conditions.append(
        "(\(columns.joined(separator: ", "))) \(isDescending ? "<" : ">") (\(values.joined(separator: ", ")))")
    case .bound: conditions.append("\(columns[0]) \(isDescending ? "<" : ">=") \(parameter())")
    }
    // There is none in a sound table. An order can't continue behind one.
    if shape.order.key == .name { conditions.append("name IS NOT NULL") }
    if shape.hasEnd { conditions.append("\(columns[0]) \(isDescending ? ">=" : "<") \(parameter())") }
    if shape.hasLabel { conditions.append("key = \(parameter()) AND value = \(parameter())") }
    return conditions
  }
}
