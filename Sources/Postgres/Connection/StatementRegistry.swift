/// Which statements one connection has prepared, under which names and with which parameter types.
///
/// Parameter types are fixed when a statement is prepared. NULL doesn't reveal its type, so a statement that was first
/// used with NULL may be prepared again for a value: each variant knows more types than the one before.
struct StatementRegistry {
  struct Variant: Sendable {
    /// The name on the server: the statement's own, and from the second on with a number.
    let serverName: String
    let sql: String
    let types: [UInt32]

    func fits(_ parameters: [PostgresValue]) -> Bool {
      guard types.count == parameters.count else { return false }
      for index in 0..<types.count {
        let parameter = parameters[index]
        if !parameter.isNull && parameter.typeOID != types[index] { return false }
      }
      return true
    }
  }

  private struct Entry {
    var variants: [Variant] = []
    /// The plain name was used once. It is never used again on the connection, even after the statement was evicted.
    var isNameTaken = false
  }

  /// The server distinguishes prepared statements by the first 63 bytes of their names (NAMEDATALEN).
  private static let longestPlainName = 63
  private static let longestPrefix = 40

  /// More variants than this are a mistake: types that change from call to call.
  static let maximumVariants = 32
  private var entries: [String: Entry] = [:]
  private var issued = 0

  /// The prepared variant that takes these parameters, or nil if the statement has to be prepared.
  func find(_ statement: Statement, _ parameters: [PostgresValue]) -> Variant? {
    guard let variants = entries[statement.name]?.variants else { return nil }
    // The newest knows the most types.
    var index = variants.count - 1
    while index >= 0 {
      let variant = variants[index]
      if variant.sql == statement.sql && variant.fits(parameters) { return variant }
      index -= 1
    }
    return nil
  }

  /// Notes a variant that is about to be prepared.
  mutating func add(_ statement: Statement, _ parameters: [PostgresValue]) throws(PostgresError) -> Variant {
    var entry = entries[statement.name] ?? Entry()
    guard entry.variants.count < Self.maximumVariants else {
      throw PostgresError(
        .invalidParameter, "The statement's parameters change their types from call to call.", statement: statement.name
      )
    }
    let known = entry.variants.last { $0.sql == statement.sql }?.types ?? []
    var types: [UInt32] = []
    types.reserveCapacity(parameters.count)
    for (index, parameter) in parameters.enumerated() {
      types.append(parameter.isNull && index < known.count ? known[index] : parameter.typeOID)
    }
    var name = statement.name
    if entry.isNameTaken || name.utf8.count > Self.longestPlainName || name.contains("#") {
      issued += 1
      name = "\(String(decoding: name.utf8.prefix(Self.longestPrefix), as: UTF8.self))#\(issued)"
    }
    let variant = Variant(serverName: name, sql: statement.sql, types: types)
    entry.isNameTaken = true
    entry.variants.append(variant)
    entries[statement.name] = entry
    return variant
  }

  /// Forgets one variant, because preparing it failed or did not happen.
  mutating func evict(_ statement: Statement, serverName: String) {
    entries[statement.name]?.variants.removeAll { $0.serverName == serverName }
  }

  /// Forgets all variants of a statement.
  mutating func evict(_ statement: Statement) { entries[statement.name]?.variants.removeAll() }

  var isEmpty: Bool { entries.allSatisfy { $0.value.variants.isEmpty } }
}
