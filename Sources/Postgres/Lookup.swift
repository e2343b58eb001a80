/// A read of one row by its uuid. Those that are asked in one turn of a loop travel as one statement, and cost Postgres
/// little more than one of them: what a statement costs it is mostly not the row.
///
/// Make it once, as a `static let`.
public struct Lookup: Sendable {
  /// For one that travels alone: it takes the uuid.
  let one: Statement
  /// For several: it takes an array of uuids.
  let many: Statement

  /// - Parameters:
  ///   - name: the statement's; for several `_many` is appended.
  ///   - selection: `SELECT id, name FROM users`, without a condition. Its first column is `column`.
  ///   - column: of type uuid, with a unique index.
  public init(_ name: String, _ selection: String, by column: String) {
    one = Statement(name, "\(selection) WHERE \(column) = $1", isReadOnly: true)
    many = Statement("\(name)_many", "\(selection) WHERE \(column) = ANY($1)", isReadOnly: true)
  }
}

extension Lookup {
  /// Lookups in one statement: their rows are held together until the last of them was read.
  private static let maximumKeys = 128
  /// Postgres plans a statement anew each time where a plan for the values at hand seems cheaper to it than one for any
  /// values, and that one it reckons at ten elements: never send fewer.
  /// https://www.postgresql.org/docs/15/runtime-config-query.html#GUC-PLAN-CACHE-MODE
  private static let minimumKeys = 16

  /// Puts lookups of the same kind together; everything else stays as it is.
  static func join(_ requests: [PendingQuery]) -> [PendingQuery] {
    var joined: [PendingQuery] = []
    var groups: [[PendingQuery]] = []
    for request in requests where !request.isDone {
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
