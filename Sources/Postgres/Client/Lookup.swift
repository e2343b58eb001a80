/// A read of one row by its uuid. The lookups of one turn of a loop are sent as one statement, which costs Postgres
/// little more than a single lookup: most of the cost is the statement's, not the row's.
///
/// Make it once, as a `static let`.
public struct Lookup: Sendable {
  /// For a single lookup: takes the uuid.
  let one: Statement
  /// For several lookups: takes an array of uuids.
  let many: Statement

  /// - Parameters:
  ///   - name: the name of the statement; that of the statement for several lookups has `_many` appended.
  ///   - selection: `SELECT id, name FROM users`, without a condition. Its first column is `column`.
  ///   - column: of type uuid, with a unique index.
  public init(_ name: String, _ selection: String, by column: String) {
    one = Statement(name, "\(selection) WHERE \(column) = $1", isReadOnly: true)
    many = Statement("\(name)_many", "\(selection) WHERE \(column) = ANY($1)", isReadOnly: true)
  }
}

extension Lookup {
  /// The most lookups in one statement: its whole result stays in memory until the last row was read.
  private static let maximumKeys = 128
  /// The fewest keys in one statement; copies of a key fill it up. Postgres plans a statement anew for each execution
  /// if that looks cheaper than the generic plan, whose cost it estimates for an array of ten elements.
  /// https://www.postgresql.org/docs/15/runtime-config-query.html#GUC-PLAN-CACHE-MODE
  private static let minimumKeys = 16

  /// Joins lookups of the same kind; other requests stay as they are.
  static func join(_ requests: [PendingQuery]) -> [PendingQuery] {
    var joined: [PendingQuery] = []
    var groups: [[PendingQuery]] = []
    for request in requests where !request.isAnswered {
      guard let lookup = request.lookup else {
        joined.append(request)
        continue
      }
      let group = groups.firstIndex { $0[0].lookup?.one.name == lookup.one.name && $0.count < maximumKeys }
      if let group { groups[group].append(request) } else { groups.append([request]) }
    }
    for group in groups {
      guard group.count > 1, let many = group[0].lookup?.many else {
        joined.append(group[0])
        continue
      }
      var keys = group.map(\.key)
      while keys.count < minimumKeys { keys.append(keys[0]) }
      joined.append(PendingQuery(many, [.uuidArray(keys)], standingFor: group))
    }
    return joined
  }

  /// Gives each lookup its row, or none.
  static func distribute(_ rows: PostgresRows, to requests: [PendingQuery]) throws(PostgresError) {
    var positions = [UInt128: Int](minimumCapacity: rows.count)
    for (position, row) in rows.enumerated() {
      let id = try row[0].uuid
      positions[UInt128(id.high) << 64 | UInt128(id.low)] = position
    }
    for request in requests {
      let position = positions[request.key]
      request.succeed(PostgresRows(rows.storage, position.map { $0..<($0 + 1) } ?? 0..<0))
    }
  }
}
